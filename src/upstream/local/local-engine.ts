/**
 * What local models share: one runtime, and each GGUF file in memory once, however many models and catalogs name it.
 * Nothing is loaded before the first call. A file answers one call at a time; the others wait in line.
 */
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { ConfigError } from '../../chat/errors.ts'
import type { LlamaBinding, LlamaRuntime } from './llama-binding.ts'
import { loadLlama } from './load-llama.ts'
import { LocalSession, promptSliceTokens } from './local-session.ts'

export interface LocalFile {
  /** Absolute path of the GGUF file. */
  readonly gguf: string
  /** Tokens of prompt and answer together. Default: what the model was trained for, 8192 at most. */
  readonly contextSize?: number
  /** Default: one less than there are cores. */
  readonly threads?: number
}

export interface LocalEngine {
  /** Runs `run` when those who came before have ended; loads the file first where it is not yet in memory. */
  use<T>(file: LocalFile, run: (session: LocalSession) => Promise<T>): Promise<T>
  /** Waits for what runs, then frees all memory. */
  close(): Promise<void>
}

export interface LocalEngineOptions {
  /** Where `node-llama-cpp` is looked for when it is not installed beside MoLLMR. */
  readonly folder: string
  /** Default: the installed package. */
  readonly loadLlama?: () => Promise<LlamaBinding>
}

/** Loads nothing yet; `close` ends it. */
export function createLocalEngine({
  folder,
  loadLlama: load = () => loadLlama(folder),
}: LocalEngineOptions): LocalEngine {
  return new Engine(load)
}

const defaultContextSize = { max: 8192 } as const

class Engine implements LocalEngine {
  readonly #loadLlama: () => Promise<LlamaBinding>
  #loaded: Promise<Loaded> | undefined
  readonly #lines = new Map<string, Line>()

  constructor(load: () => Promise<LlamaBinding>) {
    this.#loadLlama = load
  }

  use<T>(file: LocalFile, run: (session: LocalSession) => Promise<T>): Promise<T> {
    const key = JSON.stringify([file.gguf, file.contextSize, file.threads])
    let line = this.#lines.get(key)
    if (!line) this.#lines.set(key, (line = new Line(() => this.#open(file))))
    return line.take(run)
  }

  async close(): Promise<void> {
    await Promise.all([...this.#lines.values()].map((line) => line.ended()))
    this.#lines.clear()
    const loaded = this.#loaded
    this.#loaded = undefined
    const { runtime } = (await loaded?.catch(() => undefined)) ?? {}
    await runtime?.dispose()
  }

  async #open({ gguf, contextSize, threads }: LocalFile): Promise<LocalSession> {
    if (!existsSync(gguf))
      throw new ConfigError(`There is no file ${gguf}; correct "gguf" of the upstream that names it.`)
    const { binding, runtime } = await this.#runtime()
    const model = await runtime.loadModel({ modelPath: gguf })
    const context = await model.createContext({
      contextSize: contextSize ?? defaultContextSize,
      sequences: 1,
      batchSize: promptSliceTokens,
      ...(threads === undefined ? {} : { threads }),
    })
    return new LocalSession({ binding, runtime, model, context })
  }

  /** A failure is not kept: the package may have been installed since. */
  #runtime(): Promise<Loaded> {
    this.#loaded ??= this.#start().catch((error: unknown) => {
      this.#loaded = undefined
      throw error
    })
    return this.#loaded
  }

  /** One core stays free for the gateway: threads that wait for one another spin, and on a busy machine for minutes. */
  async #start(): Promise<Loaded> {
    const binding = await this.#loadLlama()
    const runtime = await binding.getLlama({
      build: 'never',
      logLevel: 'error',
      maxThreads: Math.max(1, availableParallelism() - 1),
    })
    return { binding, runtime }
  }
}

interface Loaded {
  readonly binding: LlamaBinding
  readonly runtime: LlamaRuntime
}

/** Those who wait for one file. */
class Line {
  readonly #open: () => Promise<LocalSession>
  #session: LocalSession | undefined
  #last: Promise<unknown> = Promise.resolve()

  constructor(open: () => Promise<LocalSession>) {
    this.#open = open
  }

  take<T>(run: (session: LocalSession) => Promise<T>): Promise<T> {
    const turn = this.#last.then(async () => run((this.#session ??= await this.#open())))
    this.#last = turn.catch(() => undefined)
    return turn
  }

  async ended(): Promise<void> {
    await this.#last
  }
}
