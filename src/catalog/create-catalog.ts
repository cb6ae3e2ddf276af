/** From what a config means to models that answer: the only place that knows every kind of them. */
import { type ChatModel, createModelCard } from '../chat/chat-model.ts'
import { ConfigError } from '../chat/errors.ts'
import { withinDeadline } from '../chat/within-deadline.ts'
import { mixturesAroundRouter } from '../config/check-cycles.ts'
import type { Config, MixtureConfig, ModelConfig, RouterConfig, UpstreamConfig } from '../config/config.ts'
import type { MixtureDependencies } from '../mixture/mixture-definition.ts'
import { createMixture } from '../mixture/mixture.ts'
import type { Plan } from '../router/plan.ts'
import { createRouter } from '../router/router.ts'
import { recordCalls } from '../trace/record-calls.ts'
import { withBreaker } from '../upstream/breaker.ts'
import { limitConcurrency } from '../upstream/limit-concurrency.ts'
import { RetryBudget } from '../upstream/retry-budget.ts'
import { retried } from '../upstream/retry.ts'
import { type Catalog, catalogOf, routerId } from './catalog.ts'
import type { BuiltDefinition } from './compose-mixture.ts'
import type { Engines } from './engines.ts'
import { loadLanguageDetector } from './language-detector.ts'
import { withModelDefaults } from './model-defaults.ts'
import { schemaProblem } from './schema-problem.ts'

/**
 * Builds every model of `config`. Asks nobody: an upstream that is down shows when it is called.
 *
 * @throws ConfigError where a template cannot be filled, or the parts of a mixture or the router do not fit
 */
export function createCatalog(config: Config, engines: Engines): Catalog {
  const builder = new CatalogBuilder(config, engines)
  const { modelPrefix: prefix, deadline, overrides } = config.server
  const models = builder.models()
  const { definitions, relays } = builder
  const sideRouter = config.router?.sideModel === undefined ? undefined : models.find(({ id }) => id === routerId)
  return catalogOf(models, {
    ...{ prefix, deadline, overrides, definitions, relays, compose: builder.compose },
    ...(sideRouter ? { sideRouter } : {}),
  })
}

type ModelWrapper = (model: ChatModel) => ChatModel

/** Builds each model once, what it is made of first. */
class CatalogBuilder {
  readonly #config: Config
  readonly #engines: Engines
  readonly #built = new Map<string, ChatModel>()
  readonly #limits = new Map<string, ModelWrapper>()
  readonly #retryBudgets = new Map<string, RetryBudget>()
  /** Single models as the router asks them. */
  readonly #choosers = new Map<string, ChatModel>()
  readonly #open: string[] = []
  readonly definitions = new Map<string, BuiltDefinition>()
  /** By the id of the model: those that can hand on what nobody here can answer. */
  readonly relays = new Map<string, ChatModel>()

  constructor(config: Config, engines: Engines) {
    this.#config = config
    this.#engines = engines
  }

  models(): ChatModel[] {
    const { router, mixtures, models } = this.#config
    const ids = [...(router ? [routerId] : []), ...mixtures.map(({ name }) => name), ...models.keys()]
    return ids.map((id) => this.#model(id))
  }

  #model(id: string): ChatModel {
    const known = this.#built.get(id)
    if (known) return known
    if (this.#open.includes(id))
      throw new ConfigError(`These contain one another: ${[...this.#open, id].join(' -> ')}.`)
    this.#open.push(id)
    const model = this.#build(id)
    this.#open.pop()
    this.#built.set(id, model)
    return model
  }

  #build(id: string): ChatModel {
    const { router, mixtures, models } = this.#config
    const mixture = mixtures.find(({ name }) => name === id)
    if (mixture) return this.#mixture(mixture)
    if (id === routerId && router) return this.#router(router)
    const model = models.get(id)
    if (model) return this.#upstreamModel(model)
    throw new ConfigError(`There is no model, mixture or router "${id}".`)
  }

  /** Each attempt is a row in the ledger; waiting in line counts against the deadline; nothing is retried after content. */
  #upstreamModel(model: ModelConfig): ChatModel {
    const upstream = this.#config.upstreams.get(model.upstream)
    if (!upstream) throw new ConfigError(`Model "${model.id}" is on an upstream "${model.upstream}" that is not there.`)
    const bare = this.#engines.createModel(model, upstream, cardOf(model, upstream))
    const recorded = recordCalls(this.#limited(upstream)(bare))
    const guarded = withBreaker(recorded, { breaker: this.#engines.breakers.of(model, upstream) })
    const budget = this.#retryBudget(upstream)
    const timedFor = (maxRetries: number): ChatModel => withinDeadline(retried(guarded, { maxRetries, budget }))
    const timed = timedFor(upstream.maxRetries)
    // Params and a system prompt are of a conversation.
    if (upstream.kind === 'openai') this.relays.set(model.id, timed)
    this.#choosers.set(model.id, withModelDefaults(timedFor(Math.min(upstream.maxRetries, 1)), model))
    return withModelDefaults(timed, model)
  }

  /**
   * A model as the router asks it to choose: once more at most, because there is a default to go on with, and not for a
   * while after it was too slow for that again and again. Others may be more patient with it.
   */
  #chooser(id: string): ChatModel {
    const model = this.#model(id)
    return withBreaker(this.#choosers.get(id) ?? model, { isForOneUse: true })
  }

  /** One for all models of an upstream. */
  #retryBudget({ id }: UpstreamConfig): RetryBudget {
    const budget = this.#retryBudgets.get(id) ?? new RetryBudget()
    this.#retryBudgets.set(id, budget)
    return budget
  }

  /** One line for all models of an upstream. */
  #limited(upstream: UpstreamConfig): ModelWrapper {
    const known = this.#limits.get(upstream.id)
    if (known) return known
    const limit =
      upstream.maxConcurrency === undefined ? (model: ChatModel) => model : limitConcurrency(upstream.maxConcurrency)
    this.#limits.set(upstream.id, limit)
    return limit
  }

  readonly compose = (definition: BuiltDefinition): ChatModel => createMixture(definition, this.#mixtureDependencies())

  #mixture({ name, aggregate, aggregateFallbacks, workers, ...knobs }: MixtureConfig): ChatModel {
    const definition = {
      ...knobs,
      id: name,
      aggregate: { ...aggregate, model: this.#model(aggregate.model) },
      aggregateFallbacks: aggregateFallbacks.map((id) => this.#model(id)),
      workers: workers.map((worker) => ({ ...worker, model: this.#model(worker.model) })),
    }
    this.definitions.set(name, definition)
    return this.compose(definition)
  }

  #mixtureDependencies(): MixtureDependencies {
    return { schemaProblem, stageCache: this.#engines.stageCache, version: this.#config.version }
  }

  #router({ model, sideModel, compose, ...knobs }: RouterConfig): ChatModel {
    const { mixtures, models, version } = this.#config
    const around = mixturesAroundRouter(mixtures)
    const within = mixtures.filter(({ name }) => !around.has(name))
    const sideId = sideModel ?? model
    const candidates = [
      ...within.map(({ name, description }) => ({ model: this.#model(name), offered: description !== undefined })),
      ...[...models.keys()].map((id) => ({ model: this.#model(id), offered: false })),
    ]
    return createRouter(
      {
        ...knobs,
        id: routerId,
        version,
        candidates,
        ...(model === undefined ? {} : { model: this.#chooser(model) }),
        ...(sideId === undefined ? {} : { sideModel: this.#model(sideId) }),
        ...(compose
          ? {
              compose: {
                ...compose,
                pool: compose.pool.map((id) => this.#model(id)),
                buildPlan: planBuilder(this.#mixtureDependencies()),
              },
            }
          : {}),
      },
      { loadLanguageDetector },
    )
  }
}

/** A plan is an ordinary mixture, so that it is traced and counted like one. */
function planBuilder(dependencies: MixtureDependencies): (plan: Plan) => ChatModel {
  return ({ name, workers, samples, aggregate, strategy, reason }) => {
    const maxWorkers = workers.length * samples // the router has its own limit
    const definition = { id: name, description: reason, aggregate, strategy, maxWorkers }
    return createMixture({ ...definition, workers: workers.map((model) => ({ model, samples })) }, dependencies)
  }
}

function cardOf(model: ModelConfig, upstream: UpstreamConfig): ChatModel['card'] {
  const { description, quality, price, contextWindow, modalities, tools, strengths } = model
  return createModelCard({
    kind: 'model',
    ownedBy: upstream.id,
    simulated: upstream.kind === 'simulated',
    modalities,
    tools,
    strengths,
    ...(description === undefined ? {} : { description }),
    ...(quality === undefined ? {} : { quality }),
    ...(price === undefined ? {} : { price }),
    ...(contextWindow === undefined ? {} : { contextWindow }),
  })
}
