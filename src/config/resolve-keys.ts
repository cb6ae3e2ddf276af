import type { KeyConfig } from './config.ts'
import type { ConfigFile } from './config-file.ts'
import { digestKey, isKeyDigest, shortestKey } from './key-digest.ts'
import type { ConfigPath } from './problems.ts'
import { resolveBudget, type Resolution } from './resolve-mixtures.ts'

type KeyFile = NonNullable<ConfigFile['keys']>[number]

/** The keys of callers, as digests: from here on nobody knows a key. */
export function resolveKeys(written: readonly KeyFile[] = [], resolution: Resolution): readonly KeyConfig[] {
  const keys = written.map((key, index) => resolveKey(key, ['keys', index], resolution))
  keys.forEach(({ name, digest }, index) => {
    const before = keys.slice(0, index)
    if (before.some((other) => other.name === name))
      resolution.problems.add(['keys', index, 'name'], `there are two keys "${name}"; rename one`)
    if (before.some((other) => other.digest === digest))
      resolution.problems.add(['keys', index], 'is the same key as one before it')
  })
  return keys
}

function resolveKey({ name, key, hash, models, budget }: KeyFile, path: ConfigPath, resolution: Resolution): KeyConfig {
  const { book, problems, warnings } = resolution
  if (key === '') problems.add([...path, 'key'], 'is empty')
  else if (key !== undefined && key.length < shortestKey)
    warnings.push(`The key "${name}" is shorter than ${shortestKey} characters: it can be guessed.`)
  if (hash !== undefined && !isKeyDigest(hash)) {
    problems.add([...path, 'hash'], 'is not what "mollmr keys hash" prints')
  }
  return {
    name,
    digest: hash ?? digestKey(key ?? ''),
    ...(models ? { models: models.map((id, index) => book.resolveId(id, [...path, 'models', index])) } : {}),
    ...(budget ? { budget: resolveBudget(budget) } : {}),
  }
}
