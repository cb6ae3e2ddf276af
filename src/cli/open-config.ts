import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { ConfigError } from '../chat/errors.ts'
import { loadConfig } from '../config/load-config.ts'
import type { ParsedConfig } from '../config/parse-config.ts'

export interface OpenedConfig extends ParsedConfig {
  /** Null where nothing is written and the config was proposed from what the machine has. */
  readonly path: string | null
}

type Environment = Readonly<Record<string, string | undefined>>

const usualNames = ['mollmr.yaml', 'config.yaml']

/** The same with the prices of hosted models that it does not give. */
export async function priced<T extends ParsedConfig>(opened: T): Promise<T> {
  const { withPackagedPrices } = await import('../catalog/packaged-prices.ts')
  return { ...opened, config: await withPackagedPrices(opened.config) }
}

/** The config that is named, else the one in this folder, else a proposal from what runs on this machine. */
export async function openConfig(named: string | undefined, env: Environment): Promise<OpenedConfig> {
  const path = named ?? usualNames.find((name) => existsSync(name))
  if (path !== undefined) return priced(await openFile(resolve(path), env))
  const [{ discoverUpstreams }, { proposeConfig }] = await Promise.all([
    import('../upstream/discover.ts'),
    import('../config/propose-config.ts'),
  ])
  const found = await discoverUpstreams({ env })
  return priced({ ...proposeConfig(found, env), path: null })
}

async function openFile(path: string, env: Environment): Promise<OpenedConfig> {
  if (!existsSync(path)) throw new ConfigError(`There is no config file ${path}.`)
  return { ...(await loadConfig(path, env)), path }
}
