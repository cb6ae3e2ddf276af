/** `mollmr connect`: what points a client at a gateway, printed, written into the client's file, or used to start it. */
import { ConfigError } from '../../chat/errors.ts'
import { nearestName } from '../../chat/nearest-name.ts'
import type { Terminal } from '../terminal.ts'
import { type Client, keyReference, keyVariable } from './client.ts'
import { type ClientName, clientNames, clients } from './clients.ts'
import { type FoundGateway, findGateway, type GatewayOptions, requireRunning } from './find-gateway.ts'
import { runClient } from './run-client.ts'
import { settingsText } from './settings-text.ts'
import { pathOf, type Places, writeSettings } from './write-settings.ts'

export interface ConnectOptions extends GatewayOptions {
  /** Puts the settings into the client's file. */
  readonly write?: boolean
  /** Starts the client on them, its file untouched. */
  readonly run?: boolean
  /** Said to the client that is started. */
  readonly words: readonly string[]
}

export interface ConnectSurroundings extends Places {
  readonly terminal: Terminal
  readonly stop: AbortSignal
}

/** Works where a gateway asks for no key; some clients insist on one. */
const anyKey = 'any-key'

/** Resolves to the exit code: the client's own where it is started. */
export async function connect(
  name: string | undefined,
  options: ConnectOptions,
  surroundings: ConnectSurroundings,
): Promise<number> {
  const { terminal, env, stop } = surroundings
  if (name === undefined) return listClients(terminal)
  const client = clientOf(name)
  if (options.words.length > 0 && options.run !== true) {
    throw new ConfigError('What stands behind "--" is said to the client: that takes --run.')
  }
  const gateway = await findGateway(options, env)
  if (options.write === true) tellWritten(client, gateway, surroundings)
  if (options.run !== true) {
    if (options.write !== true) print(client, gateway, surroundings)
    tellStart(client, gateway, terminal)
    return 0
  }
  const key = env[keyVariable] ?? (gateway.asksForKey ? undefined : anyKey)
  if (!key) throw new ConfigError(`The gateway asks for a key: set ${keyVariable} to one of them.`)
  await requireRunning(gateway.url, env)
  return runClient(client, { gateway, key, words: options.words, env, stop })
}

function listClients(terminal: Terminal): number {
  const width = Math.max(...clientNames.map((name) => name.length))
  for (const name of clientNames) {
    const { title, file } = clients[name]
    terminal.out(`${name.padEnd(width)}  ${title}, ${file.folder}/${file.name}\n`)
  }
  return 0
}

function clientOf(name: string): Client {
  if (name in clients) return clients[name as ClientName]
  const nearest = nearestName(name, clientNames)
  const hint = nearest === undefined ? `There are ${clientNames.join(', ')}.` : `Did you mean "${nearest}"?`
  throw new ConfigError(`There is no client "${name}". ${hint}`)
}

/** The settings alone on stdout, so that they can be put into a file. */
function print(client: Client, gateway: FoundGateway, { terminal, ...places }: ConnectSurroundings): void {
  terminal.err(terminal.style.dim(`${client.title}: ${pathOf(client.file, places)}\n\n`))
  terminal.out(settingsText(client, gateway))
}

function tellWritten(client: Client, gateway: FoundGateway, { terminal, ...places }: ConnectSurroundings): void {
  const { path, backup, hasChanged } = writeSettings(client, gateway, places)
  const before = backup === undefined ? '' : `, as it was before in ${backup}`
  terminal.out(hasChanged ? `Written to ${path}${before}\n` : `${path} says so already.\n`)
}

function tellStart(client: Client, gateway: FoundGateway, terminal: Terminal): void {
  const lines = startLines(client, gateway).map((line) => `  ${line}\n`)
  terminal.err(`\n${terminal.style.dim('Then, in a shell:')}\n${lines.join('')}`)
  if (client.note !== undefined) terminal.err(`${terminal.style.dim(client.note)}\n`)
}

/** What is typed into a shell once the client's file has the settings. */
export function startLines(client: Client, gateway: FoundGateway): readonly string[] {
  const { words, env } = client.start?.(gateway) ?? { words: [], env: {} }
  const set = Object.entries(env).map(([name, value]) => `${name}="${value.replace(keyReference, `$${keyVariable}`)}"`)
  const key = gateway.asksForKey
    ? '... # a key of the gateway'
    : `${anyKey} # this gateway asks for none, the client does`
  return [
    `export ${keyVariable}=${key}`,
    ...(client.load === undefined ? [] : [client.load]),
    [...set, client.command, ...words].join(' '),
  ]
}
