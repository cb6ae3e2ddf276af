/** What follows for the mixtures and the router from what was found of the models; nothing where nothing does. */
import { routerId } from '../../catalog/catalog.ts'
import type { Config, MixtureConfig, RouterConfig } from '../../config/config.ts'
import { type Finding, findingOf } from './finding.ts'
import type { ModelReport } from './probe-models.ts'
import type { ProbeName } from './probes.ts'

export interface Consequence extends Finding {
  /** Of a mixture, or `router`. */
  readonly id: string
}

export function consequencesOf(config: Config, models: readonly ModelReport[]): readonly Consequence[] {
  const health = new Health(config, models)
  const { router } = config
  return [
    ...config.mixtures.flatMap((mixture) =>
      ofMixture(mixture, health).map((finding) => ({ ...finding, id: mixture.name })),
    ),
    ...(router ? ofRouter(router, health).map((finding) => ({ ...finding, id: routerId })) : []),
  ]
}

/** Who can answer, by the models that were asked. Of whom nothing is known it is taken for granted. */
class Health {
  readonly #config: Config
  readonly #models: ReadonlyMap<string, ModelReport>

  constructor(config: Config, models: readonly ModelReport[]) {
    this.#config = config
    this.#models = new Map(models.map((model) => [model.id, model]))
  }

  /** @param above where a mixture and the router contain one another */
  fails(id: string, above: readonly string[] = []): boolean {
    if (above.includes(id)) return false
    const inside = [...above, id]
    const mixture = this.#mixture(id)
    if (mixture) return this.draftsOf(mixture, inside).isAnswerless
    const { router } = this.#config
    if (id === routerId && router) return router.default !== undefined && this.fails(router.default, inside)
    return this.#models.get(id)?.checks.answer.mark === 'failed'
  }

  /** The drafts that a mixture has left, samples counted, and whether that is too few for any answer. */
  draftsOf(mixture: MixtureConfig, above: readonly string[] = [mixture.name]): Drafts {
    const { workers, minWorkers } = mixture
    const drafts = (members: MixtureConfig['workers']): number => members.reduce((sum, { samples }) => sum + samples, 0)
    const left = drafts(workers.filter(({ model }) => !this.fails(model, above)))
    const isAlone = left === 0 && (workers.length === 0 || minWorkers === 0)
    const isAnswerless = isAlone ? !this.#canAggregate(mixture, above) : left < minWorkers
    return { left, all: drafts(workers), isAnswerless }
  }

  /** The single model that writes, and whether it said that it cannot do this. */
  cannot(id: string, name: ProbeName): boolean {
    const mixture = this.#mixture(id)
    if (mixture) return this.cannot(mixture.aggregate.model, name)
    return this.#models.get(id)?.checks[name].mark === 'no'
  }

  #canAggregate({ aggregate, aggregateFallbacks }: MixtureConfig, above: readonly string[]): boolean {
    return [aggregate.model, ...aggregateFallbacks].some((id) => !this.fails(id, above))
  }

  #mixture(id: string): MixtureConfig | undefined {
    return this.#config.mixtures.find(({ name }) => name === id)
  }
}

interface Drafts {
  readonly left: number
  readonly all: number
  readonly isAnswerless: boolean
}

/** Their answers are written by the aggregate; under the others a draft is the answer. */
const written: ReadonlySet<string> = new Set(['synthesize', 'deliberate', 'rank_fuse'])

function ofMixture(mixture: MixtureConfig, health: Health): readonly Finding[] {
  const { aggregate, workers, tools, strategy } = mixture
  const ofMembers = ofWorkers(mixture, health)
  if (ofMembers.some(({ mark }) => mark === 'failed')) return ofMembers
  const findings = [...ofMembers, ...ofAggregate(mixture, health)]
  if (health.fails(aggregate.model)) return findings
  if (tools !== 'select' && health.cannot(aggregate.model, 'tools'))
    findings.push(
      findingOf(
        'warning',
        `answers in words where tools are offered: its aggregate ${aggregate.model} calls none`,
        workers.some(({ model }) => !health.cannot(model, 'tools'))
          ? 'Choose another aggregate, or tools: select, where the workers act.'
          : 'Choose another aggregate.',
      ),
    )
  if (written.has(strategy) && health.cannot(aggregate.model, 'json'))
    findings.push(
      findingOf(
        'warning',
        `may fail where response_format asks for a schema: its aggregate ${aggregate.model} does not keep to one`,
        'Choose another aggregate for such requests.',
      ),
    )
  return findings
}

function ofWorkers(mixture: MixtureConfig, health: Health): Finding[] {
  const { workers, minWorkers } = mixture
  const failing = [...new Set(workers.map(({ model }) => model))].filter((id) => health.fails(id))
  if (failing.length === 0) return []
  const { left, all, isAnswerless } = health.draftsOf(mixture)
  const who = `${failing.join(', ')} ${failing.length === 1 ? 'fails' : 'fail'}`
  if (isAnswerless && left > 0)
    return [
      findingOf(
        'failed',
        `has no answer: ${who}, and ${left} of ${all} drafts are fewer than min_workers: ${minWorkers}`,
      ),
    ]
  if (isAnswerless) return [findingOf('failed', `has no answer: ${who}, and no other worker is there`)]
  if (left === 0) return [findingOf('warning', `is its aggregate alone: ${who}`)]
  return [findingOf('warning', `makes its answers of ${left} of ${all} drafts: ${who}`)]
}

function ofAggregate({ aggregate, aggregateFallbacks, workers }: MixtureConfig, health: Health): Finding[] {
  if (!health.fails(aggregate.model)) return []
  const fallback = aggregateFallbacks.find((id) => !health.fails(id))
  const who = `its aggregate ${aggregate.model} fails`
  if (fallback !== undefined) return [findingOf('warning', `asks ${fallback} in its place: ${who}`)]
  return workers.length === 0
    ? [findingOf('failed', `has no answer: ${who}`)]
    : [findingOf('warning', `gives its best draft for an answer: ${who}`)]
}

function ofRouter({ model, sideModel, rules, compose, ...router }: RouterConfig, health: Health): readonly Finding[] {
  const fails = (id: string | undefined): id is string => id !== undefined && health.fails(id)
  const used = [...new Set(rules.map(({ use }) => use))].filter(fails)
  const pool = compose?.pool.filter(fails) ?? []
  return [
    ...(fails(router.default) ? [findingOf('failed', `has no default: ${router.default} fails`)] : []),
    ...(fails(model) ? [findingOf('warning', `chooses by rules, its scorer and its default: ${model} fails`)] : []),
    ...(fails(sideModel) && sideModel !== model
      ? [findingOf('warning', `has nobody for titles and the like: ${sideModel} fails`)]
      : []),
    ...used.map((id) => findingOf('warning', `has rules that lead to ${id}, which fails`)),
    ...(pool.length > 0 ? [findingOf('warning', `may compose mixtures with ${whoFail(pool)}`)] : []),
  ]
}

function whoFail(ids: readonly string[]): string {
  return `${ids.join(', ')}, which ${ids.length === 1 ? 'fails' : 'fail'}`
}
