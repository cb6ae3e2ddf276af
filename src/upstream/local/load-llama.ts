import { pathToFileURL } from 'node:url'
import { ConfigError } from '../../chat/errors.ts'
import { findPackage } from '../find-package.ts'
import type { LlamaBinding } from './llama-binding.ts'

const packageName = 'node-llama-cpp'

/**
 * Loads `node-llama-cpp` from where MoLLMR is installed, else from `folder`: a global MoLLMR then finds the one of the
 * project that it runs in.
 *
 * @throws ConfigError that gives the command which installs it
 */
export async function loadLlama(folder: string): Promise<LlamaBinding> {
  const path = findPackage(packageName, folder)
  if (path === undefined) throw notInstalled(folder)
  return (await import(pathToFileURL(path).href)) as LlamaBinding
}

function notInstalled(folder: string): ConfigError {
  return new ConfigError(
    `An upstream of kind "local" needs the package ${packageName}, which is neither installed beside MoLLMR nor in ${folder}. Install it there: npm install ${packageName}@3.22`,
  )
}
