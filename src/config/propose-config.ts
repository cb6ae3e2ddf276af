/** A config for a machine on which nobody wrote one: from what runs there, else the simulated demo. */
import type { ConfigFile, MixtureFile, ModelFile } from './config-file.ts'
import type { Environment } from './expand-variables.ts'
import { type ParsedConfig, resolveConfig } from './parse-config.ts'
import { Problems } from './problems.ts'

/** A server that answered, or a hosted one whose key is in the environment. */
export interface FoundUpstream {
  readonly id: string
  readonly kind: 'openai' | 'anthropic' | 'google'
  readonly baseUrl: string
  /** The variable that holds its key. */
  readonly apiKeyVariable?: string
  /** The names of its models, as the server lists them. */
  readonly models: readonly string[]
}

const mostWorkers = 3

/** Mixtures of what was found; where nothing answers, simulated models that say so. */
export function proposeConfig(found: readonly FoundUpstream[], env: Environment): ParsedConfig {
  const usable = found.filter(({ models }) => models.length > 0)
  const file = usable.length > 0 ? proposalOf(usable, env) : demo
  const names = usable.map(({ id, models }) => `${id} (${models.length} models)`).join(', ')
  const origin =
    usable.length > 0
      ? `No config file: proposed from what was found: ${names}`
      : 'No config file, and no model server was found: this is the simulated demo'
  const problems = new Problems('proposal', () => ({ line: 1, column: 1 }))
  const variables = usable.flatMap(({ id, apiKeyVariable: name }) =>
    name === undefined ? [] : [{ name, path: ['upstreams', id, 'api_key'] }],
  )
  return resolveConfig(file, { folder: '.', origin, problems, variables })
}

function proposalOf(found: readonly FoundUpstream[], env: Environment): ConfigFile {
  const models = found.flatMap(modelsOf)
  const ids = models.map(({ id }) => id)
  const workers = spread(found, models).slice(0, mostWorkers)
  const [first = ''] = workers
  const panel: ConfigFile['mixtures'] = workers.length > 1 ? several(workers, first) : alone(first)
  const upstreams = found.map(({ id, kind, baseUrl, apiKeyVariable }) => {
    const key = apiKeyVariable === undefined ? undefined : env[apiKeyVariable]
    return [id, { kind, base_url: baseUrl, ...(key === undefined ? {} : { api_key: key }) }]
  })
  return {
    upstreams: Object.fromEntries(upstreams) as NonNullable<ConfigFile['upstreams']>,
    models,
    mixtures: panel,
    router: { model: first, default: panel[0]?.name ?? first, side_model: first, compose: { pool: ids.slice(0, 8) } },
  }
}

function modelsOf({ id, models }: FoundUpstream, position: number, found: readonly FoundUpstream[]): ModelFile[] {
  const taken = new Set(found.slice(0, position).flatMap((other) => other.models))
  return models.map((name) => ({
    id: taken.has(name) ? `${id}/${name}` : name,
    upstream: id,
    name,
    description: `${name} on ${id}`,
  }))
}

/** One model of each server in turn: models of different families make different mistakes. */
function spread(found: readonly FoundUpstream[], models: readonly ModelFile[]): string[] {
  const byUpstream = found.map(({ id }) => models.filter(({ upstream }) => upstream === id))
  const longest = Math.max(...byUpstream.map(({ length }) => length))
  const rounds = Array.from({ length: longest }, (_, round) => byUpstream.flatMap((list) => list[round]?.id ?? []))
  return rounds.flat()
}

function several(workers: readonly string[], aggregate: string): MixtureFile[] {
  return [
    {
      name: 'generic',
      description: 'General questions, explanations, writing, code: several models write, one merges.',
      workers: [...workers],
      aggregate,
    },
    {
      name: 'facts',
      description: 'Closed questions with one short right answer: a number, a choice, a name, a date, a calculation.',
      strategy: 'vote',
      workers: [...workers],
      aggregate,
    },
  ]
}

function alone(model: string): MixtureFile[] {
  return [
    {
      name: 'generic',
      description: 'General questions, explanations, writing, code: two drafts of one model, merged.',
      workers: [{ model, samples: 2 }],
      aggregate: model,
    },
    {
      name: 'facts',
      description: 'Closed questions with one short right answer: a number, a choice, a name, a date, a calculation.',
      strategy: 'vote',
      workers: [{ model, samples: 3 }],
      aggregate: model,
    },
  ]
}

const pace = { first_token_ms: 150, tokens_per_second: 60 }

const demo: ConfigFile = {
  upstreams: {
    'sim-swift': { kind: 'simulated', seed: 1, first_token_ms: 50, tokens_per_second: 120, accuracy: 0.6 },
    'sim-careful': { kind: 'simulated', seed: 2, ...pace, accuracy: 0.9 },
    'sim-wide': { kind: 'simulated', seed: 3, ...pace, accuracy: 0.75 },
    'sim-editor': { kind: 'simulated', seed: 4, ...pace, accuracy: 0.95 },
  },
  models: [
    {
      id: 'sim-swift',
      upstream: 'sim-swift',
      description: 'Simulated: quick, often wrong',
      quality: 0.4,
      strengths: ['chat'],
    },
    {
      id: 'sim-careful',
      upstream: 'sim-careful',
      description: 'Simulated: slow, mostly right',
      quality: 0.8,
      strengths: ['maths'],
    },
    {
      id: 'sim-wide',
      upstream: 'sim-wide',
      description: 'Simulated: in between',
      quality: 0.6,
      strengths: ['writing'],
    },
    { id: 'sim-editor', upstream: 'sim-editor', description: 'Simulated: turns drafts into answers', quality: 0.9 },
  ],
  mixtures: [
    {
      name: 'generic',
      description: 'General questions, jokes, explanations, writing: three simulated workers, merged by a fourth.',
      workers: ['sim-swift', 'sim-careful', 'sim-wide'],
      aggregate: 'sim-editor',
    },
    {
      name: 'facts',
      description:
        'Closed questions with one short right answer: a number, a calculation, maths: three simulated workers vote.',
      strategy: 'vote',
      workers: ['sim-swift', 'sim-careful', 'sim-wide'],
      aggregate: 'sim-editor',
    },
  ],
  router: {
    model: 'sim-swift',
    default: 'generic',
    side_model: 'sim-swift',
    compose: { pool: ['sim-swift', 'sim-careful', 'sim-wide', 'sim-editor'], max_workers: 3 },
  },
}
