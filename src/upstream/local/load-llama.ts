import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ConfigError } from '../../chat/errors.ts'
import type { LlamaBinding } from './llama-binding.ts'

const packageName = 'node-llama-cpp'

/**
 * Loads `node-llama-cpp` from where MoLLMR is installed, else from `folder`: a global MoLLMR then finds the one of the
 * project that it runs in.
 *
 * @throws ConfigError that gives the command which installs it
 */
export async function loadLlama(folder: string): Promise<LlamaBinding> {
  const path = pathFrom(import.meta.url) ?? pathFrom(join(folder, 'package.json'))
  if (path === undefined) throw notInstalled(folder)
  return (await import(pathToFileURL(path).href)) as LlamaBinding
}

function pathFrom(file: string): string | undefined {
  try {
    return createRequire(file).resolve(packageName)
  } catch {
    return undefined
  }
}

function notInstalled(folder: string): ConfigError {
  return new ConfigError(
    `An upstream of kind "local" needs the package ${packageName}, which is neither installed beside MoLLMR nor in ${folder}. Install it there: npm install ${packageName}@3.22`,
  )
}
