/**
 * From what is written to what is meant: YAML is read, variables are replaced, every key is checked, names become
 * references, defaults are filled in. Whatever is wrong is said at once, each with file, line, column and path.
 */
import { createHash } from 'node:crypto'
import { basename, dirname } from 'node:path'
import { overrides } from '../chat/chat-request.ts'
import { checkCycles } from './check-cycles.ts'
import { checkFile } from './check-file.ts'
import type { Config, ServerConfig } from './config.ts'
import type { ConfigFile } from './config-file.ts'
import { type Environment, expandVariables, type VariableUse, variablesIn } from './expand-variables.ts'
import { deepFreeze } from './freeze.ts'
import { ModelBook } from './model-book.ts'
import { Problems } from './problems.ts'
import { readYaml } from './read-yaml.ts'
import { type Resolution, resolveDeadlines, resolveMixtures } from './resolve-mixtures.ts'
import { resolveKeys } from './resolve-keys.ts'
import { resolveRouter } from './resolve-router.ts'
import { warningAbout } from './resolve-upstream.ts'
import { TemplateReader } from './templates.ts'

export interface ParsedConfig {
  readonly config: Config
  /** What works but is probably not meant. */
  readonly warnings: readonly string[]
  /** Absolute paths of the templates it was made from. */
  readonly files: readonly string[]
  /** What of the environment it names. */
  readonly variables: readonly VariableUse[]
}

export interface ConfigText {
  readonly text: string
  /** Of the file; templates and GGUF files are looked up from its folder. */
  readonly path: string
  readonly env: Environment
}

/** @throws ConfigError with one line per problem: `config.yaml:14:5 mixtures[0].quorom: unknown key, did you mean "quorum"?` */
export function parseConfig({ text, path, env }: ConfigText): ParsedConfig {
  const { value, locate } = readYaml(text, path)
  const problems = new Problems(basename(path), locate)
  const file = checkFile(expandVariables(value, env, problems), problems)
  problems.throwIfAny()
  if (!file) throw new TypeError('A config without problems must have been checked.')
  return resolveConfig(file, { folder: dirname(path), origin: path, problems, variables: variablesIn(value) })
}

/** Of a config that is checked, what cannot be seen in it. */
interface Writing extends Pick<ParsedConfig, 'variables'> {
  readonly folder: string
  readonly origin: string
  readonly problems: Problems
}

/** @throws ConfigError as `parseConfig` does, for what can only be seen when all names are known */
export function resolveConfig(file: ConfigFile, { folder, origin, problems, variables }: Writing): ParsedConfig {
  const templates = new TemplateReader(folder, problems)
  const book = new ModelBook(file, { folder, problems, templates })
  const warnings = Object.entries(file.upstreams ?? {}).flatMap(([id, written]) => warningAbout(id, written) ?? [])
  const resolution: Resolution = { book, templates, problems, warnings }
  registerNamedModels(file, book)
  if (book.models.size === 0 && !file.mixtures?.length) problems.add([], 'names no model: write `models` or `mixtures`')
  const mixtures = resolveMixtures(file.mixtures ?? [], resolution)
  const router = file.router ? resolveRouter(file.router, mixtures, resolution) : null
  const keys = resolveKeys(file.keys, resolution)
  checkCycles(mixtures, router, problems)
  problems.throwIfAny()
  const server = resolveServer(file.server)
  const meant = { server, upstreams: book.upstreams, models: book.models, mixtures, router, keys }
  const config = deepFreeze({ ...meant, origin, version: versionOf(meant) })
  return { config, warnings: resolution.warnings, files: templates.files, variables }
}

/** Before any name is looked up, so that the order of the file does not matter. */
function registerNamedModels({ mixtures = [], router }: ConfigFile, book: ModelBook): void {
  mixtures.forEach(({ aggregate, workers = [] }, index) => {
    book.register(aggregate, ['mixtures', index, 'aggregate'])
    workers.forEach((worker, at) => {
      book.register(worker, ['mixtures', index, 'workers', at])
    })
  })
  if (router?.model !== undefined) book.register(router.model, ['router', 'model'])
  if (router?.side_model !== undefined) book.register(router.side_model, ['router', 'side_model'])
}

function resolveServer(written: NonNullable<ConfigFile['server']> = {}): ServerConfig {
  return {
    host: written.host ?? '127.0.0.1',
    port: written.port ?? 8000,
    modelPrefix: written.model_prefix ?? 'mollmr/',
    maxInFlight: written.max_in_flight ?? 10_000,
    drainMs: written.drain_ms ?? 30_000,
    maxBodyBytes: written.max_body_bytes ?? 32 * 1024 * 1024,
    deadline: { firstContentMs: 300_000, idleMs: 120_000, totalMs: 600_000, ...resolveDeadlines(written.deadlines) },
    overrides: written.overrides ?? overrides,
    log: { sync: written.log?.sync ?? false, required: written.log?.required ?? false },
    corsOrigins: written.cors_origins ?? ['*'],
  }
}

function versionOf(meant: Omit<Config, 'origin' | 'version'>): string {
  const plain = { ...meant, upstreams: [...meant.upstreams], models: [...meant.models] }
  return createHash('sha256').update(JSON.stringify(plain)).digest('hex')
}
