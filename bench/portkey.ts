import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** The peer: the most used gateway of this kind that npm has. Fixed, so that runs can be compared. */
export const portkeyPackage = '@portkey-ai/gateway@1.15.2'

/**
 * Installs the peer outside the project, once for a machine, and gives the path of its server.
 * @throws where npm cannot get it
 */
export function installPortkey(): string {
  const directory = join(homedir(), '.cache/mollmr/bench', portkeyPackage.replaceAll('/', '-'))
  const server = join(directory, 'node_modules/@portkey-ai/gateway/build/start-server.js')
  if (existsSync(server)) return server
  mkdirSync(directory, { recursive: true })
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  execFileSync('npm', ['install', '--prefix', directory, ...quiet, portkeyPackage], { stdio: 'inherit' })
  return server
}
