import { budgetWarnings } from '../../catalog/budget-warnings.ts'
import type { Catalog } from '../../catalog/catalog.ts'
import { ConfigError } from '../../chat/errors.ts'
import { counted } from '../counted.ts'
import type { OpenedConfig } from '../open-config.ts'
import { requireKeys } from '../require-keys.ts'
import { type Finding, findingOf, findingOfError } from './finding.ts'

export interface Door {
  readonly host: string
  readonly insecureNoAuth: boolean
  readonly env: Readonly<Record<string, string | undefined>>
}

/** What `start` would say of a config that it can use, and of the environment beside it. */
export function examineConfig(opened: OpenedConfig, catalog: Catalog, door: Door): readonly Finding[] {
  const { config, warnings, variables } = opened
  const { upstreams, models, mixtures } = config
  const counts = [
    counted(upstreams.size, 'upstream'),
    counted(models.size, 'model'),
    counted(mixtures.length, 'mixture'),
  ]
  const what = `${config.origin}: ${counts.join(', ')}, ${config.router ? 'a router' : 'no router'}`
  const missing = variables.filter(({ name, path }) => isOfKey(path) && !door.env[name]).map(({ name }) => name)
  return [
    findingOf('ok', what),
    ...examineDoor(opened, door),
    ...[...new Set(missing)].map((name) =>
      findingOf('warning', `${name} is not set, which the config takes a key from`, `Set ${name}.`),
    ),
    ...[...warnings, ...budgetWarnings(config, catalog)].map((warning) => findingOf('warning', warning)),
  ]
}

/** A config that cannot be used at all: a finding for each of its problems. */
export function findingsOfConfigError({ message, code }: ConfigError): readonly Finding[] {
  return message.split('\n').map((line) => ({ mark: 'failed', message: line, code, todo: null }))
}

function examineDoor({ config }: OpenedConfig, { host, insecureNoAuth }: Door): readonly Finding[] {
  try {
    requireKeys(config, host)
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    if (insecureNoAuth) return [findingOf('warning', `everybody who reaches ${host} may ask: there are no keys`)]
    return [findingOfError(error, 'failed', null)]
  }
}

const secretFields: ReadonlySet<string | number> = new Set(['api_key', 'headers', 'options', 'keys'])

function isOfKey(path: readonly (string | number)[]): boolean {
  return path.some((step) => secretFields.has(step))
}
