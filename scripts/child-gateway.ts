/** A gateway in a process of its own, as it is published (`npm run build`), that is asked for its memory. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const mebibyte = 1024 * 1024

/**
 * Loaded before the gateway starts: tells its parent, whenever that asks, what its heap holds after a collection. No file of
 * ours, because the types in it would have to be stripped, which takes 15 MB.
 */
const tellHeap = `
process.on('message', () => {
  for (let time = 0; time < 3; time += 1) globalThis.gc()
  process.send(process.memoryUsage().heapUsed)
})
// The parent's line alone keeps no gateway running.
process.channel.unref()
`

/** MiB, to a tenth. */
type Mebibytes = number

export interface Memory {
  readonly heap: Mebibytes
  readonly rss: Mebibytes
}

export class ChildGateway {
  readonly url: string
  readonly #child: ChildProcess
  readonly #folder: string

  private constructor(child: ChildProcess, url: string, folder: string) {
    this.#child = child
    this.url = url
    this.#folder = folder
  }

  static async start(config: string): Promise<ChildGateway> {
    const folder = mkdtempSync(join(tmpdir(), 'mollmr-memory-'))
    const file = join(folder, 'mollmr.yaml')
    writeFileSync(file, config)
    const root = join(import.meta.dirname, '..')
    const nodeOptions = ['--expose-gc', '--import', `data:text/javascript,${encodeURIComponent(tellHeap)}`]
    const child = spawn(process.execPath, [...nodeOptions, join(root, 'dist/cli/bin.js'), 'start', '--config', file], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    return new ChildGateway(child, await urlOf(child), folder)
  }

  /** Of what lives, right after a collection. */
  async heap(): Promise<Mebibytes> {
    this.#child.send('collect')
    const [bytes] = (await once(this.#child, 'message')) as [number]
    return rounded(bytes / mebibyte)
  }

  /** What the process has in memory now. */
  rss(): Mebibytes {
    return this.#status('VmRSS')
  }

  /** The most that it has ever had. */
  peakRss(): Mebibytes {
    return this.#status('VmHWM')
  }

  async close(): Promise<void> {
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGTERM')
    await ended
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** As Linux tells it. */
  #status(field: 'VmRSS' | 'VmHWM'): Mebibytes {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8')
    return rounded(Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1024)
  }
}

/** The address that it greets with. */
async function urlOf(child: ChildProcess): Promise<string> {
  let said = ''
  return new Promise((resolve, reject) => {
    const listen = (data: Buffer): void => {
      said += data.toString()
      const url = /http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0]
      if (url !== undefined) resolve(url)
    }
    child.stdout?.on('data', listen)
    child.stderr?.on('data', listen)
    child.once('exit', () => {
      reject(new Error(`The gateway did not start: ${said}`))
    })
  })
}

/** To a tenth. */
export function rounded(value: number): number {
  return Math.round(value * 10) / 10
}
