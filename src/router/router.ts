/**
 * A router answers as the model it chooses. `findRoute` below is the list of its reasons, cheapest and surest first; a
 * model is asked only where all of them are silent. Routing itself never fails a request: below every step is another.
 */
import { randomBytes } from 'node:crypto'
import type { CallContext } from '../chat/call-context.ts'
import type { ChatEvent } from '../chat/chat-event.ts'
import { type ChatModel, isAwake } from '../chat/chat-model.ts'
import type { ChatRequest } from '../chat/chat-request.ts'
import { ConfigError, RequestError } from '../chat/errors.ts'
import type { Circumstances, RouterExplanation } from '../chat/explanation.ts'
import { nearestName } from '../chat/nearest-name.ts'
import { tapEvents } from '../chat/tap-events.ts'
import { withTotal } from '../chat/with-total.ts'
import { parseTemplate } from '../prompt/template.ts'
import { affinityKeyOf, isToolCallPending, Pins, type Visit } from './affinity.ts'
import { RouteChooser } from './choose-route.ts'
import { trimConversation, type Turn } from './conversation.ts'
import {
  type Deciders,
  decideRoute,
  foreseeRoute,
  type Foresight,
  lastRoute,
  optionsOf,
  type RouteMatter,
  scoresOf,
} from './decide-route.ts'
import { certain, explainRoute } from './explain-route.ts'
import { createLoopGuard, type LoopGuard } from './loop-guard.ts'
import type { Plan } from './plan.ts'
import { PlanProposer } from './plan-proposer.ts'
import { RecentMap } from './recent-map.ts'
import { ableModels, canServe, fitModels, needsOf, type RequestNeeds } from './request-needs.ts'
import { attributesOf, type Route } from './route.ts'
import { cacheKeyOf, type Decision, RouteCache } from './route-cache.ts'
import {
  checkDefinition,
  type OfferedCandidate,
  type RouterDefinition,
  type RouterDependencies,
} from './router-definition.ts'
import { chooseSlots, composeSlots, defaultRouterPrompts } from './router-prompts.ts'
import { routerDefaults } from './router-defaults.ts'
import { cardOf } from './router-card.ts'
import { composeId, createRuleBook, type RuleBook } from './rules.ts'
import { createScorer, leaderOf } from './scorer.ts'
import { sideEvidenceOf } from './side-request.ts'

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
  return {
    id: router.id,
    card: cardOf(definition),
    chat: (request, context) => router.chat(request, context),
    explain: (request, circumstances) => router.explain(request, circumstances),
  }
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
  readonly #loopGuard: LoopGuard | undefined
  readonly #randomBytes: (size: number) => Uint8Array

  constructor(definition: RouterDefinition, dependencies: RouterDependencies) {
    this.id = definition.id ?? 'router'
    this.#definition = definition
    this.#offered = checkDefinition(definition)
    this.#models = new Map(definition.candidates.map(({ model }) => [model.id, model]))
    this.#rules = createRuleBook(definition.rules ?? [], dependencies.loadLanguageDetector)
    this.#deciders = createDeciders(this.id, definition, this.#offered)
    this.#loopGuard = createLoopGuard(definition)
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

  explain(request: ChatRequest, circumstances: Circumstances): RouterExplanation {
    const matter = this.#outset(request, circumstances.clock.now())
    const found = this.#foresee(matter, request, circumstances)
    const candidates = isRoute(matter) ? [] : scoresOf(this.#deciders, request, matter.candidates)
    return explainRoute(
      { ...found, id: this.id, candidates, baseModel: this.#deciders.model },
      withoutMixture(request),
      circumstances,
    )
  }

  async #findRoute(request: ChatRequest, context: CallContext): Promise<Route> {
    const matter = this.#outset(request, context.clock.now())
    if (isRoute(matter)) {
      if (matter.evidence !== undefined) context.span.set({ side: matter.evidence })
      if (isHarmless(matter)) return matter
      return this.#loopGuard?.enter(visitOf(request, context), request) ?? matter
    }
    const visit = visitOf(request, context, matter.composes)
    const pinned = this.#pins.find(visit, (route) => this.#mayStay(route, matter))
    const bypass = pinned && isHarmless(pinned) ? undefined : this.#loopGuard?.enter(visit, request)
    if (bypass) return bypass
    if (pinned) return { ...pinned, source: 'pin' }
    const decision = await this.#decide(matter, context)
    this.#pins.keep(visit, decision, !decision.isLasting)
    return decision
  }

  /** The route, as far as `#findRoute` needs no model and nothing remembered is changed. */
  #foresee(matter: Route | OpenMatter, request: ChatRequest, circumstances: Circumstances): Foresight {
    if (isRoute(matter)) {
      if (isHarmless(matter)) return certain(matter)
      return certain(this.#loopGuard?.foresee(visitOf(request, circumstances), request) ?? matter)
    }
    const visit = visitOf(request, circumstances, matter.composes)
    const pinned = this.#pins.foresee(visit, (route) => this.#mayStay(route, matter))
    const bypass = pinned && isHarmless(pinned) ? undefined : this.#loopGuard?.foresee(visit, request)
    if (bypass) return certain(bypass)
    if (pinned) return certain({ ...pinned, source: 'pin' })
    const cached = this.#cache.foresee(this.#cacheKey(matter).key)
    return cached ? certain(cached) : foreseeRoute(this.#deciders, matter)
  }

  /** The route where it needs no thought, else what there is to decide. */
  #outset(request: ChatRequest, nowMs: number): Route | OpenMatter {
    const side = this.#sideRoute(request, nowMs)
    if (side) return side
    const named = this.#namedTarget(request)
    if (isModel(named)) return { model: named, source: 'named' }
    const ruled = named ?? this.#ruledTarget(request)
    if (isModel(ruled)) return { model: ruled, source: 'rule' }

    const needs = needsOf(request)
    const composes = ruled === composeId
    const candidates = composes ? [] : this.#fitCandidates(request, needs, nowMs)
    const options = optionsOf(this.#deciders, candidates)
    const [only] = candidates
    if (options.length === 0) return lastRoute(this.#deciders, { candidates, needs, nowMs })
    if (options.length === 1 && only) return { model: only.model, source: 'single' }
    return { request, needs, nowMs, candidates, composes }
  }

  /** Side requests go to the side model; without one to the base model, which is small and answers alone too. */
  #sideRoute(request: ChatRequest, nowMs: number): Route | undefined {
    const models = [this.#definition.sideModel, this.#definition.model].filter((one) => one !== undefined)
    const model = models.find((one) => isAwake(one, nowMs)) ?? models[0]
    const evidence = model && sideEvidenceOf(request)
    return evidence && { model, source: 'side', evidence }
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

  /** The candidates that may have the request. Nobody takes a tool call over from a model that rests. */
  #fitCandidates({ body }: ChatRequest, needs: RequestNeeds, nowMs: number): readonly OfferedCandidate[] {
    const models = this.#offered.map(({ model }) => model)
    const fit = isToolCallPending(body.messages) ? ableModels(models, needs) : fitModels(models, needs, nowMs)
    return this.#offered.filter(({ model }) => fit.includes(model))
  }

  /** On a new user turn a route is kept unless it cannot serve the turn or the topic has clearly become another's. */
  #mayStay({ model }: Route, { request, needs, candidates }: OpenMatter): boolean {
    const leader = leaderOf(scoresOf(this.#deciders, request, candidates))
    return canServe(model.card, needs) && (leader?.isClear !== true || leader.id === model.id)
  }

  #decide(matter: OpenMatter, context: CallContext): Promise<Decision> {
    const { key, turns } = this.#cacheKey(matter)
    return this.#cache.share(key, context.signal, () => {
      const fence = Buffer.from(this.#randomBytes(fenceBytes)).toString('hex')
      return decideRoute(this.#deciders, { ...matter, turns, fence }, context)
    })
  }

  #cacheKey({ request, needs, nowMs, candidates }: OpenMatter): {
    readonly key: string
    readonly turns: readonly Turn[]
  } {
    const turns = trimConversation(request.body.messages)
    const { version = '', compose } = this.#definition
    const options = optionsOf(this.#deciders, candidates)
    const pool = fitModels(compose?.pool ?? [], needs, nowMs).map(({ id }) => id)
    const caller = request.caller.key
    return { key: cacheKeyOf({ caller, version, options, pool, tools: needs.tools, turns }), turns }
  }
}

type Target = ChatModel | typeof composeId

interface OpenMatter extends Pick<RouteMatter, 'request' | 'needs' | 'nowMs' | 'candidates'> {
  /** True where a rule or the request itself says to compose. */
  readonly composes: boolean
}

function isModel(target: Target | undefined): target is ChatModel {
  return typeof target === 'object'
}

function isRoute(matter: Route | OpenMatter): matter is Route {
  return 'source' in matter
}

/** A route that wakes no mixture, and asks nobody to find it. */
function isHarmless({ source, model }: Route): boolean {
  return source === 'side' || model.card.kind === 'model'
}

/** A conversation that is composed for and one that is routed do not share a pin. */
function visitOf(request: ChatRequest, { clock }: Pick<CallContext, 'clock'>, composes = false): Visit {
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
  const [first, ...rest] = [...offered.map((candidate) => candidate.model), ...models]
  if (!first) throw new ConfigError('The router has nothing to route to: give it a candidate.')
  return {
    id,
    model,
    scorer: createScorer(offered.map(({ id: name, description }) => ({ id: name, text: description }))),
    chooser: model && new RouteChooser(model, parseTemplate({ ...choose, slots: chooseSlots })),
    proposer: model && new PlanProposer(model, parseTemplate({ ...plan, slots: composeSlots })),
    compose: compose && { ...compose, buildPlan: remembering(compose.buildPlan) },
    deadlineMs: definition.deadlineMs ?? routerDefaults.deadlineMs,
    default: models.find((candidate) => candidate.id === fallback),
    others: [first, ...rest],
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
