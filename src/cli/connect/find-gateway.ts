/** The gateway that a client is to be pointed at: the one of a config, or one that runs elsewhere and is asked. */
import { routerId } from '../../catalog/catalog.ts'
import { createCatalog } from '../../catalog/create-catalog.ts'
import { createEngines } from '../../catalog/engines.ts'
import { ConfigError } from '../../chat/errors.ts'
import type { Config, ServerConfig } from '../../config/config.ts'
import { discoverUpstreams } from '../../upstream/discover.ts'
import { openConfig } from '../open-config.ts'
import { type Gateway, keyVariable, type OfferedModel } from './client.ts'

export interface GatewayOptions {
  readonly config?: string
  /** Of a gateway that runs elsewhere; with `config`, the address under which that config is served. */
  readonly url?: string
  /** Default: the router, else the first mixture. */
  readonly model?: string
}

export interface FoundGateway extends Gateway {
  /** False where everybody may ask. */
  readonly asksForKey: boolean
}

type Environment = Readonly<Record<string, string | undefined>>

/** @throws ConfigError where the model is not known or nothing answers at the URL; RequestError as `Catalog.find` does */
export async function findGateway(options: GatewayOptions, env: Environment): Promise<FoundGateway> {
  const url = options.url?.replace(/\/+(v1\/*)?$/, '')
  if (url !== undefined && options.config === undefined) return gatewayAt(url, options.model, env)
  const { config } = await openConfig(options.config, env)
  return gatewayOf(config, { url: url ?? addressOf(config.server), ...(options.model ? { model: options.model } : {}) })
}

interface Wanted {
  readonly url: string
  readonly model?: string
}

export function gatewayOf(config: Config, { url, model }: Wanted): FoundGateway {
  const catalog = createCatalog(config, createEngines())
  const offer = (id: string): OfferedModel => {
    const { contextWindow } = catalog.find(id).card
    return contextWindow === undefined ? { id } : { id, contextWindow }
  }
  const mixed = [...(config.router ? [routerId] : []), ...config.mixtures.map(({ name }) => name)]
  const sideModel = config.router?.sideModel ?? config.router?.model
  const offered = (mixed.length > 0 ? mixed : [...config.models.keys()]).map(offer)
  return {
    url,
    ...choose(offered, model === undefined ? undefined : offer(catalog.find(model).id)),
    ...(sideModel === undefined ? {} : { sideModel }),
    asksForKey: config.keys.length > 0,
  }
}

/** Asks the gateway for its models; what it says of the window and of side requests is in its config alone. */
async function gatewayAt(url: string, model: string | undefined, env: Environment): Promise<FoundGateway> {
  const ids = await askForModels(url, env)
  if (!ids || ids.length === 0) throw new ConfigError(`${silent(url)} With -c FILE nobody is asked.`)
  const known = ids.find((id) => id === model || id.endsWith(`/${model ?? ''}`))
  if (model !== undefined && known === undefined) {
    throw new ConfigError(`${url} has no model "${model}": it has ${ids.join(', ')}.`)
  }
  return {
    url,
    ...choose(
      ids.map((id) => ({ id })),
      known === undefined ? undefined : { id: known },
    ),
    asksForKey: Boolean(env[keyVariable]),
  }
}

/** @throws ConfigError where the gateway does not answer with its models */
export async function requireRunning(url: string, env: Environment): Promise<void> {
  if (!(await askForModels(url, env))) throw new ConfigError(silent(url))
}

async function askForModels(url: string, env: Environment): Promise<readonly string[] | undefined> {
  const key = env[keyVariable] ? { apiKeyVariable: keyVariable } : {}
  const [found] = await discoverUpstreams({ env, candidates: [{ id: 'gateway', baseUrl: `${url}/v1`, ...key }] })
  return found?.models
}

function silent(url: string): string {
  return `No gateway answers at ${url} with its models: start it ("mollmr start"); where it asks for a key, set ${keyVariable}.`
}

function choose(
  offered: readonly OfferedModel[],
  model: OfferedModel | undefined = offered[0],
): Pick<Gateway, 'model' | 'models'> {
  if (!model) throw new ConfigError('The config has no model that a client could ask.')
  return { model, models: [model, ...offered.filter(({ id }) => id !== model.id)] }
}

/** Where a program on this machine reaches a gateway that listens there. */
export function addressOf({ host, port }: Pick<ServerConfig, 'host' | 'port'>): string {
  const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`
}
