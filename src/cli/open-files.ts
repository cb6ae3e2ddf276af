import { existsSync, readFileSync } from 'node:fs'

/** Files and connections that this process may have open; no limit where the system does not say. */
export function mostOpenFiles(): number {
  const limits = '/proc/self/limits'
  if (!existsSync(limits)) return Infinity
  const [, most = ''] = /^Max open files\s+(\d+)/m.exec(readFileSync(limits, 'utf8')) ?? []
  return most === '' ? Infinity : Number(most)
}
