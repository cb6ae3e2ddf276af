import { watch } from 'chokidar'
import type { Environment } from './expand-variables.ts'
import { loadConfig } from './load-config.ts'
import type { ParsedConfig } from './parse-config.ts'

export interface ConfigWatch {
  readonly path: string
  readonly env: Environment
  /** As it was read; the templates that it was made from are watched too. */
  readonly parsed: ParsedConfig
  readonly onChange: (parsed: ParsedConfig) => void | Promise<void>
  /** A change that cannot be meant: the config before stays. */
  readonly onError: (error: unknown) => void
}

/** Editors write in pieces or put a new file in place; only what has stood still this long is read. */
const settledAfterMs = 100

/** Reads the config again whenever its file or one of its templates changes. Resolves to a function that ends that. */
export async function watchConfig({
  path,
  env,
  parsed: { config, files },
  onChange,
  onError,
}: ConfigWatch): Promise<() => Promise<void>> {
  const watcher = watch([path, ...files], {
    ignoreInitial: true,
    awaitWriteFinish: { stabilityThreshold: settledAfterMs, pollInterval: settledAfterMs / 2 },
    atomic: settledAfterMs,
  })
  const reload = async (isChanged: (parsed: ParsedConfig) => boolean = () => true): Promise<void> => {
    try {
      const parsed = await loadConfig(path, env)
      watcher.add([...parsed.files])
      if (isChanged(parsed)) await onChange(parsed)
    } catch (error) {
      onError(error)
    }
  }
  watcher.on('all', () => void reload()).on('error', onError)
  await new Promise<void>((resolve) => watcher.once('ready', resolve))
  // What was written since it was read and before it was watched.
  await reload((parsed) => parsed.config.version !== config.version)
  return () => watcher.close()
}
