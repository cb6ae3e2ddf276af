import { type SettingsChange, wordOf } from './settings-changes.ts'

const line = /^(?:export +)?(\w+)=(.*)$/

/** Reads `NAME=value` lines; the last of a name counts. */
export function readEnv(text: string): Readonly<Record<string, string>> {
  const found = text.split('\n').map((each) => line.exec(each.trim()))
  return Object.fromEntries(found.flatMap((match) => (match ? [[match[1] ?? '', match[2] ?? '']] : [])))
}

/** Changes lines where they stand, and adds what is new at the end. */
export function editEnv(text: string, changes: readonly SettingsChange[]): string {
  const wanted = new Map(changes.map(({ path, value }) => [path.join(), wordOf(value)]))
  const lines = text === '' ? [] : text.trimEnd().split('\n')
  const kept = lines.map((each) => {
    const name = line.exec(each.trim())?.[1] ?? ''
    return wanted.has(name) ? `${name}=${wanted.get(name) ?? ''}` : each
  })
  const known = readEnv(text)
  const added = [...wanted].filter(([name]) => !(name in known)).map(([name, value]) => `${name}=${value}`)
  return [...kept, ...added, ''].join('\n')
}
