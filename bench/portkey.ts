import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/**
 * The peer: the most used gateway of this kind that npm has. Its version is fixed, so that runs can be compared. Its
 * HTTP server is the one of its own lockfile: with the newest that its range allows, every streamed request is
 * answered with 500 (Portkey-AI/gateway#1389).
 */
const manifest = {
  private: true,
  dependencies: { '@portkey-ai/gateway': '1.15.2' },
  overrides: { '@hono/node-server': '1.13.5' },
} as const

/**
 * Installs the peer outside the project, once for a machine, and gives the path of its server.
 * @throws where npm cannot get it
 */
export function installPortkey(): string {
  const directory = join(homedir(), '.cache/mollmr/bench/portkey-1.15.2')
  const server = join(directory, 'node_modules/@portkey-ai/gateway/build/start-server.js')
  if (existsSync(server)) return server
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, 'package.json'), JSON.stringify(manifest))
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  execFileSync('npm', ['install', ...quiet], { cwd: directory, stdio: 'inherit' })
  return server
}
