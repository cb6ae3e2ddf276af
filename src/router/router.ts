/**
 * A router answers as the model it chooses. `findRoute` below is the list of its reasons, cheapest and surest first; a
 * model is asked only where all of them are silent. Routing itself never fails a request: below every step is another.
 */
import { randomBytes } from 'node:crypto'
import type { CallContext } from '../chat/call-context.ts'
import type { ChatEvent } from '../chat/chat-event.ts'
import { type ChatModel, createModelCard, type ModelCard } from '../chat/chat-model.ts'
import type { ChatRequest } from '../chat/chat-request.ts'
import { ConfigError, RequestError } from '../chat/errors.ts'
import type { TokenEstimator } from '../chat/estimate-messages.ts'
import { nearestName } from '../chat/nearest-name.ts'
import { tapEvents } from '../chat/tap-events.ts'
import { withTotal } from '../chat/with-total.ts'
import { parseTemplate } from '../prompt/template.ts'
import { affinityKeyOf, Pins, type Visit } from './affinity.ts'
import { RouteChooser } from './choose-route.ts'
import { estimateTokensByLength, trimConversation } from './conversation.ts'
import { type Deciders, decideRoute, lastRoute, optionsOf, type RouteMatter, scoresOf } from './decide-route.ts'
import type { Plan } from './plan.ts'
import { PlanProposer } from './plan-proposer.ts'
import { RecentMap } from './recent-map.ts'
import { canServe, needsOf, type RequestNeeds } from './request-needs.ts'
import { attributesOf, type Route } from './route.ts'
import { cacheKeyOf, type Decision, RouteCache } from './route-cache.ts'
import {
  checkDefinition,
  composeId,
  type OfferedCandidate,
  type RouterDefinition,
  type RouterDependencies,
} from './router-definition.ts'
import { chooseSlots, composeSlots, defaultRouterPrompts } from './router-prompts.ts'
import { createRuleBook, type RuleBook } from './rules.ts'
import { createScorer, leaderOf } from './scorer.ts'
import { sideEvidenceOf } from './side-request.ts'

const defaultDeadlineMs = 5000
const builtPlans = 500
const fenceBytes = 16

/**
 * Makes a router out of models.
 *
 * @throws ConfigError where the definition cannot work: nothing to choose by, an id that points nowhere, a template
 * with a mistyped slot.
 */
export function createRouter(definition: RouterDefinition, dependencies: RouterDependencies = {}): ChatModel {
  const router = new Router(definition, dependencies)
  return { id: router.id, card: cardOf(definition), chat: (request, context) => router.chat(request, context) }
}

/** Guards what a router remembers: pins, choices, the form in which its base model can be asked. */
class Router {
  readonly id: string
  readonly #definition: RouterDefinition
  readonly #models: ReadonlyMap<string, ChatModel>
  readonly #offered: readonly OfferedCandidate[]
  readonly #rules: RuleBook
  readonly #deciders: Deciders
  readonly #pins = new Pins()
  readonly #cache = new RouteCache()
  readonly #estimateTokens: TokenEstimator
  readonly #randomBytes: (size: number) => Uint8Array

  constructor(definition: RouterDefinition, dependencies: RouterDependencies) {
    this.id = definition.id ?? 'router'
    this.#definition = definition
    this.#offered = checkDefinition(definition)
    this.#models = new Map(definition.candidates.map(({ model }) => [model.id, model]))
    this.#rules = createRuleBook(definition.rules ?? [])
    this.#deciders = createDeciders(this.id, definition, this.#offered)
    this.#estimateTokens = dependencies.estimateTokens ?? estimateTokensByLength
    this.#randomBytes = dependencies.randomBytes ?? randomBytes
  }

  chat(request: ChatRequest, context: CallContext): AsyncIterable<ChatEvent> {
    return tapEvents(async () => {
      const route = await this.#findRoute(request, context)
      const attributes = attributesOf(route)
      context.span.set(attributes)
      context.span.note('route', attributes)
      return { events: withTotal(route.model.chat(withoutMixture(request), context), context.span) }
    })
  }

  async #findRoute(request: ChatRequest, context: CallContext): Promise<Route> {
    const side = this.#sideModel(request, context)
    if (side) return { model: side, source: 'side' }
    const named = this.#namedTarget(request)
    if (isModel(named)) return { model: named, source: 'named' }
    const ruled = named ?? this.#ruledTarget(request)
    if (isModel(ruled)) return { model: ruled, source: 'rule' }

    const needs = needsOf(request, this.#estimateTokens)
    const candidates = ruled === composeId ? [] : this.#ableCandidates(needs)
    const options = optionsOf(this.#deciders, candidates)
    const [only] = candidates
    if (options.length === 0) return lastRoute(this.#deciders)
    if (options.length === 1 && only) return { model: only.model, source: 'single' }

    const visit = visitOf(request, context, ruled === composeId)
    const pinned = this.#pins.find(visit, (route) => this.#mayStay(route, { request, needs, candidates }))
    if (pinned) return { ...pinned, source: 'pin' }
    const decision = await this.#decide({ request, needs, candidates }, context)
    this.#pins.keep(visit, decision, !decision.isLasting)
    return decision
  }

  /** Side requests go to the side model; without one to the base model, which is small and answers alone too. */
  #sideModel(request: ChatRequest, context: CallContext): ChatModel | undefined {
    const model = this.#definition.sideModel ?? this.#definition.model
    const evidence = model && sideEvidenceOf(request)
    if (evidence) context.span.set({ side: evidence })
    return evidence && model
  }

  #namedTarget({ options: { mixture } }: ChatRequest): Target | undefined {
    if (mixture === undefined) return undefined
    if (mixture === composeId && this.#definition.compose) return composeId
    const model = this.#models.get(mixture)
    if (model) return model
    const nearest = nearestName(mixture, this.#models.keys())
    const hint = nearest === undefined ? '' : ` Did you mean "${nearest}"?`
    const message = `The router "${this.id}" knows no mixture or model "${mixture}".${hint}`
    throw new RequestError('model_not_found', message, { param: 'mollmr.mixture' })
  }

  #ruledTarget(request: ChatRequest): Target | undefined {
    const use = this.#rules(request)
    return use === composeId ? composeId : this.#models.get(use ?? '')
  }

  /** The candidates that can serve the request; all of them where none can, so that the chosen one says why not. */
  #ableCandidates(needs: RequestNeeds): readonly OfferedCandidate[] {
    const able = this.#offered.filter(({ model }) => canServe(model.card, needs))
    return able.length > 0 ? able : this.#offered
  }

  /** On a new user turn a route is kept unless it cannot serve the turn or the topic has clearly become another's. */
  #mayStay({ model }: Route, { request, needs, candidates }: OpenMatter): boolean {
    const leader = leaderOf(scoresOf(this.#deciders, request, candidates))
    return canServe(model.card, needs) && (leader?.isClear !== true || leader.id === model.id)
  }

  #decide(open: OpenMatter, context: CallContext): Promise<Decision> {
    const turns = trimConversation(open.request.body.messages, this.#estimateTokens)
    const { version = '', compose } = this.#definition
    const options = optionsOf(this.#deciders, open.candidates)
    const pool = compose?.pool.filter(({ card }) => canServe(card, open.needs)).map(({ id }) => id) ?? []
    const caller = open.request.caller.key
    const key = cacheKeyOf({ caller, version, options, pool, tools: open.needs.tools, turns })
    return this.#cache.share(key, context.signal, () => {
      const fence = Buffer.from(this.#randomBytes(fenceBytes)).toString('hex')
      return decideRoute(this.#deciders, { ...open, turns, fence }, context)
    })
  }
}

type Target = ChatModel | typeof composeId
type OpenMatter = Pick<RouteMatter, 'request' | 'needs' | 'candidates'>

function isModel(target: Target | undefined): target is ChatModel {
  return typeof target === 'object'
}

/** A conversation that is composed for and one that is routed do not share a pin. */
function visitOf(request: ChatRequest, { clock }: CallContext, composes: boolean): Visit {
  const key = affinityKeyOf(request) + (composes ? ` ${composeId}` : '')
  return { key, messages: request.body.messages, nowMs: clock.now() }
}

/** The name has been followed; a router below must not look it up again. */
function withoutMixture(request: ChatRequest): ChatRequest {
  const { mixture, ...options } = request.options
  return mixture === undefined ? request : { ...request, options }
}

function createDeciders(id: string, definition: RouterDefinition, offered: readonly OfferedCandidate[]): Deciders {
  const { model, compose, prompts = {}, candidates, default: fallback } = definition
  const defaults = defaultRouterPrompts()
  const choose = { origin: 'router.prompts.choose', ...(prompts.choose ?? defaults.choose) }
  const plan = { origin: 'router.prompts.compose', ...(prompts.compose ?? defaults.compose) }
  const models = [...candidates.map((candidate) => candidate.model), ...(compose?.pool ?? [])]
  const [first] = [...offered.map((candidate) => candidate.model), ...models]
  if (!first) throw new ConfigError('The router has nothing to route to: give it a candidate.')
  return {
    id,
    scorer: createScorer(offered.map(({ id: name, description }) => ({ id: name, text: description }))),
    chooser: model && new RouteChooser(model, parseTemplate({ ...choose, slots: chooseSlots })),
    proposer: model && new PlanProposer(model, parseTemplate({ ...plan, slots: composeSlots })),
    compose: compose && { ...compose, buildPlan: remembering(compose.buildPlan) },
    deadlineMs: definition.deadlineMs ?? defaultDeadlineMs,
    default: models.find((candidate) => candidate.id === fallback),
    first,
  }
}

/** The same plan is the same mixture, so that what a mixture remembers outlives the request. */
function remembering(buildPlan: (plan: Plan) => ChatModel): (plan: Plan) => ChatModel {
  const built = new RecentMap<ChatModel>(builtPlans)
  return (plan) => {
    const key = `${plan.strategy} ${plan.name}`
    const mixture = built.get(key) ?? buildPlan(plan)
    built.set(key, mixture)
    return mixture
  }
}

/** A router can what one of its models can. */
function cardOf({ candidates, compose, model }: RouterDefinition): ModelCard {
  const served = [...candidates.map((candidate) => candidate.model), ...(compose?.pool ?? [])].map(({ card }) => card)
  const windows = served.map(({ contextWindow }) => contextWindow)
  const known = windows.filter((window) => window !== undefined)
  return createModelCard({
    kind: 'router',
    ownedBy: 'mollmr',
    description: 'Chooses the mixture or model for each request.',
    modalities: [...new Set(served.flatMap(({ modalities }) => modalities))],
    tools: served.some(({ tools }) => tools),
    simulated: [...served, ...(model ? [model.card] : [])].some(({ simulated }) => simulated),
    ...(known.length > 0 && known.length === windows.length ? { contextWindow: Math.max(...known) } : {}),
  })
}
