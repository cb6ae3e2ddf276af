/** A program, run as its user runs it: in a folder of its own, with an empty environment and a home that is thrown away. */
import { spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { clientsFolder } from '../../../scripts/client-folders.ts'

export interface ProgramRun {
  readonly command: string
  readonly words: readonly string[]
  readonly home: string
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
  /** Ends it, with all that it has started. */
  readonly end: AbortSignal
}

export interface ProgramEnd {
  /** Null where it was ended. */
  readonly code: number | null
  readonly out: string
  readonly err: string
}

const path = [join(clientsFolder, 'node_modules/.bin'), dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin']

export function runProgram({ command, words, home, folder, env, end }: ProgramRun): Promise<ProgramEnd> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, words, {
      cwd: folder,
      env: { PATH: path.join(':'), HOME: home, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    let out = ''
    let err = ''
    child.stdout.on('data', (data: Buffer) => (out += data.toString()))
    child.stderr.on('data', (data: Buffer) => (err += data.toString()))
    const kill = (): void => {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    }
    end.addEventListener('abort', kill, { once: true })
    child.once('error', reject)
    child.once('close', (code) => {
      end.removeEventListener('abort', kill)
      resolve({ code, out, err })
    })
  })
}
