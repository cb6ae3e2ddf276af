/** Installs the clients of `npm run test:clients` as they are pinned; what is installed already stays. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { clientsFolder, pinnedIn, pythonFolder } from './client-folders.ts'

try {
  installNode()
  installPython()
} catch (error) {
  console.error(`The clients could not be installed: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}

function installNode(): void {
  const stamp = join(clientsFolder, 'node_modules', '.pinned')
  const pinned = pinnedIn('package-lock.json')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === pinned) return
  run('npm', ['ci', '--prefix', clientsFolder, '--no-audit', '--no-fund'])
  writeFileSync(stamp, pinned)
}

/** A folder for each set of pins; it has its name only once it is whole. */
function installPython(): void {
  const folder = pythonFolder()
  if (existsSync(folder)) return
  const unfinished = `${folder}.unfinished`
  rmSync(unfinished, { recursive: true, force: true })
  const pip = [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '--root-user-action=ignore',
    '--no-deps',
  ]
  run('python3', [...pip, '--target', unfinished, '--requirement', join(clientsFolder, 'requirements.txt')])
  renameSync(unfinished, folder)
}

/** What a command prints is shown. */
function run(command: string, words: readonly string[]): void {
  execFileSync(command, words, { stdio: ['ignore', 'inherit', 'inherit'] })
}
