import type { UpstreamConfig } from '../../config/config.ts'
import type { VariableUse } from '../../config/expand-variables.ts'
import { placeholderKey } from '../../config/resolve-upstream.ts'

/** Where the key of an upstream comes from; the key itself is in none of it. */
export type KeySource =
  | { readonly from: 'variables'; readonly names: readonly string[]; readonly areSet: boolean }
  | { readonly from: 'config' }
  | { readonly from: 'nowhere' }

export interface KeyPlaces {
  readonly variables: readonly VariableUse[]
  readonly env: Readonly<Record<string, string | undefined>>
}

const secretFields: ReadonlySet<unknown> = new Set(['api_key', 'headers', 'options'])

export function keySourceOf(upstream: UpstreamConfig, { variables, env }: KeyPlaces): KeySource {
  const apiKey = 'apiKey' in upstream ? upstream.apiKey : ''
  const uses = variables.filter(({ name, path }) =>
    path[0] === 'upstreams'
      ? path[1] === upstream.id && secretFields.has(path[2])
      : // An upstream that is written where a model of it is named has no path of its own.
        path.at(-1) === 'api_key' && apiKey !== '' && env[name] === apiKey,
  )
  const names = [...new Set(uses.map(({ name }) => name))]
  if (names.length > 0) return { from: 'variables', names, areSet: names.every((name) => Boolean(env[name])) }
  if (upstream.kind === 'ai-sdk') return { from: 'config' }
  return apiKey === '' || apiKey === placeholderKey ? { from: 'nowhere' } : { from: 'config' }
}
