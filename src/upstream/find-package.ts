import { createRequire } from 'node:module'
import { join } from 'node:path'

/**
 * The file that a package is imported by, looked for where MoLLMR is installed, then in `folder`: a global MoLLMR finds
 * the packages of the project that it runs in. Undefined where it is in neither.
 */
export function findPackage(name: string, folder: string): string | undefined {
  return pathFrom(import.meta.url, name) ?? pathFrom(join(folder, 'package.json'), name)
}

function pathFrom(file: string, name: string): string | undefined {
  try {
    return createRequire(file).resolve(name)
  } catch {
    return undefined
  }
}
