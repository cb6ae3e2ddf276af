/** Installs the clients of `npm run test:clients` as they are pinned; what is installed already stays. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
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

/** A virtual environment for each set of pins; it has its name only once it is whole. */
function installPython(): void {
  const folder = pythonFolder()
  if (existsSync(folder)) return
  const unfinished = `${folder}.unfinished`
  rmSync(unfinished, { recursive: true, force: true })
  mkdirSync(dirname(folder), { recursive: true })
  run('python3', ['-m', 'venv', unfinished])
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps']
  run(join(unfinished, 'bin', 'python'), [...pip, '--requirement', join(clientsFolder, 'requirements.txt')])
  renameSync(unfinished, folder)
}

/** What a command prints is shown. */
function run(command: string, words: readonly string[]): void {
  execFileSync(command, words, { stdio: ['ignore', 'inherit', 'inherit'] })
}
