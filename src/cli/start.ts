import { budgetWarnings } from '../catalog/budget-warnings.ts'
import type { Catalog } from '../catalog/catalog.ts'
import { createCatalog } from '../catalog/create-catalog.ts'
import { createEngines } from '../catalog/engines.ts'
import { createGateway, type Gateway, type GatewayOptions } from '../gateway/gateway.ts'
import type { Config } from '../config/config.ts'
import type { ParsedConfig } from '../config/parse-config.ts'
import { KeyRing } from '../gateway/edge/key-ring.ts'
import { systemClock } from '../chat/clock.ts'
import type { UpstreamError } from '../chat/errors.ts'
import { Metrics } from '../metrics/metrics.ts'
import { limitHeapGrowth } from './heap-growth.ts'
import { memoryShare } from './memory-share.ts'
import { mostOpenFiles } from './open-files.ts'
import { openData, writingTo } from './open-data.ts'
import { otherPort, portTaken } from './port-taken.ts'
import { processMetrics } from './process-metrics.ts'
import type { RequestLog } from '../store/request-log.ts'
import { requireKeys } from './require-keys.ts'
import { openConfig, type OpenedConfig, priced } from './open-config.ts'
import { returnMemory } from './return-memory.ts'
import { curlCommand } from './curl-command.ts'
import type { Terminal } from './terminal.ts'

export interface StartOptions {
  readonly config?: string
  readonly port?: number
  readonly host?: string
  /** Serves everybody who reaches the port, also from other machines, without a key. */
  readonly insecureNoAuth?: boolean
  /** Folder for the request log; without one nothing is kept. */
  readonly data?: string
}

export interface Surroundings {
  readonly terminal: Terminal
  readonly env: Readonly<Record<string, string | undefined>>
  /** Aborts on the first SIGINT or SIGTERM. */
  readonly stop: AbortSignal
}

/** Serves until it is told to stop; then lets what runs end. */
export async function start(options: StartOptions, { terminal, env, stop }: Surroundings): Promise<void> {
  const opened = await openConfig(options.config, env)
  const engines = createEngines(tellOfRefusals(terminal))
  const { server } = opened.config
  const host = options.host ?? server.host
  const requireDoor = (config: Config): void => {
    if (options.insecureNoAuth !== true) requireKeys(config, host)
  }
  requireDoor(opened.config)
  let catalog = createCatalog(opened.config, engines)
  let keys = new KeyRing(opened.config.keys)
  let isConfigStale = false
  const { log, keyBudgets } = await openData(options.data, opened.config, terminal)
  const metrics = new Metrics()
  const failedReloads = processMetrics(metrics, log)
  const gateway = createGateway({
    ...setUp(server, { terminal, log }),
    catalog: () => catalog,
    keys: () => keys,
    metrics,
    ...(keyBudgets ? { keyBudgets } : {}),
    isConfigStale: () => isConfigStale,
  })
  const url = await listen(gateway, { host, port: options.port ?? server.port })
  greet(terminal, { url, opened, catalog, warnings: [...opened.warnings, ...budgetWarnings(opened.config, catalog)] })
  const unbindMemory = boundMemory()
  const stopWatching = await watch(opened, {
    terminal,
    env,
    take: async (parsed) => {
      const { config } = await priced(parsed)
      requireDoor(config)
      catalog = createCatalog(config, engines)
      keys = new KeyRing(config.keys)
      isConfigStale = false
    },
    refuse: () => {
      isConfigStale = true
      failedReloads.value += 1
    },
  })
  await untilAborted(stop)
  terminal.err('Letting running answers end; press Ctrl-C again to cut them.\n')
  await stopWatching().finally(unbindMemory)
  await gateway.close(server.drainMs)
  await engines.close()
  keyBudgets?.close()
  log?.close()
}

/** What only the operator can mend. */
function tellOfRefusals(terminal: Terminal): (error: UpstreamError) => void {
  return ({ message }) => {
    terminal.err(`A model rests, and is tried every 10 s, until this is mended: ${message}\n`)
  }
}

/** Lets this process take no more memory than it needs, until the returned function is called. */
function boundMemory(): () => void {
  const stops = [limitHeapGrowth(), returnMemory(systemClock)]
  return () => {
    for (const stop of stops) stop()
  }
}

/** What stays as it is when the config changes. */
function setUp(
  { maxBodyBytes, maxInFlight, corsOrigins, log: wanted }: Config['server'],
  { terminal, log }: { readonly terminal: Terminal; readonly log: RequestLog | null },
): Omit<GatewayOptions, 'catalog'> {
  return {
    maxBodyBytes,
    maxInFlight,
    corsOrigins,
    memoryShare,
    maxOpenFiles: mostOpenFiles(),
    onError: (error, requestId) => {
      terminal.err(`${requestId}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
    },
    ...(log ? writingTo(log, wanted) : {}),
  }
}

async function listen(gateway: Gateway, address: { readonly host: string; readonly port: number }): Promise<string> {
  try {
    return await gateway.listen(address)
  } catch (error) {
    const { code } = error as { readonly code?: string }
    if (code !== 'EADDRINUSE') throw error
    throw new Error(`${portTaken(address)} ${otherPort(address)}`, { cause: error })
  }
}

interface Greeting {
  readonly url: string
  readonly opened: OpenedConfig
  readonly catalog: Catalog
  readonly warnings: readonly string[]
}

function greet(terminal: Terminal, { url, opened, catalog, warnings }: Greeting): void {
  const { bold, dim, yellow } = terminal.outStyle
  const models = catalog.list()
  const width = Math.max(...models.map(({ id }) => id.length))
  const rows = models.map(({ id, card }) => `  ${id.padEnd(width)}  ${dim(card.description ?? card.kind)}`)
  const simulated = models.some(({ card }) => card.simulated)
  terminal.out(
    [
      `${bold('MoLLMR')} listens on ${bold(url)}`,
      dim(opened.config.origin),
      ...warnings.map((warning) => yellow(`warning: ${warning}`)),
      ...(simulated
        ? [yellow('Some models are simulated: their texts are made up, so that all can be tried without a key.')]
        : []),
      '',
      ...rows,
      '',
      curlCommand(url, models[0]?.id ?? 'router'),
      '',
    ].join('\n'),
  )
}

interface Watching {
  readonly terminal: Terminal
  readonly env: Readonly<Record<string, string | undefined>>
  readonly take: (parsed: ParsedConfig) => Promise<void>
  /** Hears that a changed config cannot be used. */
  readonly refuse: () => void
}

/** A changed config serves the next request; a bad one is told and changes nothing. */
async function watch(
  { path, ...parsed }: OpenedConfig,
  { terminal, env, take, refuse }: Watching,
): Promise<() => Promise<void>> {
  if (path === null) return () => Promise.resolve()
  const tell = (error: unknown): void => {
    refuse()
    terminal.err(`The config has changed but cannot be used; the one before stays.\n${(error as Error).message}\n`)
  }
  const { watchConfig } = await import('../config/watch-config.ts')
  return watchConfig({
    path,
    env,
    parsed,
    onChange: async (parsed) => {
      try {
        await take(parsed)
        terminal.err(`Config ${path} is read again; new requests use it.\n`)
      } catch (error) {
        tell(error)
      }
    },
    onError: tell,
  })
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else {
      signal.addEventListener(
        'abort',
        () => {
          resolve()
        },
        { once: true },
      )
    }
  })
}
