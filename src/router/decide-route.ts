/**
 * Deciding: the steps that think about the words of a conversation. The local scorer where its lead is clear, then the
 * base model, which may choose to compose; then, one below the other and without an exception, whatever is left.
 */
import type { CallContext, Span } from '../chat/call-context.ts'
import { type ChatModel, isAwake } from '../chat/chat-model.ts'
import type { ChatRequest } from '../chat/chat-request.ts'
import { createDeadline } from '../chat/deadline.ts'
import { type ErrorCode, errorCodeOf } from '../chat/errors.ts'
import { throwIfAborted } from '../chat/link-abort.ts'
import { lastUserMessage, textOf } from '../chat/message-text.ts'
import { type Choice, noneOption, type RouteChooser, type RouteOption } from './choose-route.ts'
import { composePlan, foreseePlan, type PlanMatter } from './compose-plan.ts'
import { noChoice } from './parse-choice.ts'
import { isSingleModel, type Plan } from './plan.ts'
import type { PlanProposer } from './plan-proposer.ts'
import type { Route } from './route.ts'
import type { Decision } from './route-cache.ts'
import type { ComposeDefinition, OfferedCandidate } from './router-definition.ts'
import { composeId } from './rules.ts'
import { fitModels } from './request-needs.ts'
import { leaderOf, type Score, type Scorer } from './scorer.ts'

/** The parts of a router that decide. */
export interface Deciders {
  readonly id: string
  readonly scorer: Scorer
  /** The base model behind `chooser` and `proposer`. */
  readonly model: ChatModel | undefined
  readonly chooser: RouteChooser | undefined
  readonly proposer: PlanProposer | undefined
  readonly compose: ComposeDefinition | undefined
  readonly deadlineMs: number
  readonly default: ChatModel | undefined
  /** What there is besides, best first: one at least. */
  readonly others: readonly [ChatModel, ...ChatModel[]]
}

/** What there is to decide. Without candidates a plan is composed. */
export interface RouteMatter extends PlanMatter {
  readonly candidates: readonly OfferedCandidate[]
}

/** Composing, as the base model reads it among its options. */
const composeOption: RouteOption = {
  id: composeId,
  description: 'Put together several models for this one request: for hard questions that no other option is made for.',
}

/** What the base model chooses from, "none" left out. */
export function optionsOf(
  { compose }: Pick<Deciders, 'compose'>,
  candidates: readonly OfferedCandidate[],
): readonly RouteOption[] {
  return compose ? [...candidates, composeOption] : candidates
}

/** Decides, in a `route` span that keeps the candidates, their scores and the raw reply. Throws only when aborted. */
export async function decideRoute(deciders: Deciders, matter: RouteMatter, context: CallContext): Promise<Decision> {
  const scores = scoresOf(deciders, matter.request, matter.candidates)
  const candidates = matter.candidates.map(({ id }) => id)
  return withinSpan(context.span.child('route', deciders.id, { candidates, scores }), async (span) => {
    const decision = await decide({ deciders, matter, scores }, { ...context, span })
    span.set({ route: decision.model.id, routeSource: decision.source })
    return decision
  })
}

/** What would be decided, as far as that can be said without asking the base model. */
export interface Foresight {
  readonly route: Route
  /** True where the base model would be asked, and may decide otherwise. */
  readonly isOpen: boolean
  /** Why a plan is as it is; null where nothing is composed. */
  readonly plan: string | null
}

/** Foresees `decideRoute`: what it finds alone, else what stands where the base model has no say. */
export function foreseeRoute(deciders: Deciders, { candidates, ...matter }: Foreseeable): Foresight {
  const { compose: limits, chooser, proposer } = deciders
  const scores = scoresOf(deciders, matter.request, candidates)
  if (candidates.length > 0) {
    const isOpen = leaderOf(scores)?.isClear !== true && chooser !== undefined
    return { route: byScorer({ deciders, matter: { ...matter, candidates }, scores }, true), isOpen, plan: null }
  }
  if (!limits) return { route: lastRoute(deciders, { ...matter, candidates }), isOpen: false, plan: null }
  const { plan, isOpen } = foreseePlan(limits, matter)
  const route: Route = { model: modelOf(plan, limits), source: 'compose' }
  return { route, isOpen: isOpen && proposer !== undefined, plan: plan.reason }
}

type Foreseeable = Pick<RouteMatter, 'request' | 'needs' | 'nowMs' | 'candidates'>

interface Case {
  readonly deciders: Deciders
  readonly matter: RouteMatter
  readonly scores: readonly Score[]
}

/** As much of a case as the local scorer needs. */
type Ranked = Pick<Case, 'deciders' | 'scores'> & {
  readonly matter: Pick<RouteMatter, 'candidates' | 'needs' | 'nowMs'>
}

async function decide(open: Case, context: CallContext): Promise<Decision> {
  const { deciders, matter, scores } = open
  if (matter.candidates.length === 0) return compose(open, context)
  const leader = leaderOf(scores)
  if (leader?.isClear === true) return byScorer(open, true)
  const choice = await choose(open, context)
  if (choice?.id === composeId) return compose(open, context)
  if (choice?.id === noChoice) return { ...lastRoute(deciders, matter), isLasting: true }
  const chosen = matter.candidates.find(({ id }) => id === choice?.id)
  if (!choice || !chosen) return byScorer(open, deciders.chooser === undefined)
  const { confidence } = choice
  return { model: chosen.model, source: 'model', isLasting: true, ...(confidence === undefined ? {} : { confidence }) }
}

async function choose({ deciders, matter }: Case, context: CallContext): Promise<Choice | undefined> {
  const options = [...optionsOf(deciders, matter.candidates), noneOption]
  try {
    return await deciders.chooser?.choose({ ...matter, options }, bounded(context, deciders))
  } catch (error) {
    throwIfAborted(context.signal)
    context.span.note('choice_failed', { code: errorCodeOf(error) })
    return undefined
  }
}

async function compose(open: Case, context: CallContext): Promise<Decision> {
  const { deciders, matter } = open
  const { compose: limits, proposer } = deciders
  if (!limits) return { ...lastRoute(deciders, matter), isLasting: true }
  return withinSpan(context.span.child('route', composeId), async (span) => {
    const { plan, isLasting } = await composePlan({ limits, proposer }, matter, bounded({ ...context, span }, deciders))
    span.set({ plan: plan.name, strategy: plan.strategy, reason: plan.reason })
    const model = modelOf(plan, limits, (code) => {
      span.note('plan_failed', { code })
    })
    return { model, source: 'compose', isLasting }
  })
}

function modelOf(plan: Plan, limits: ComposeDefinition, onFailure?: (code: ErrorCode) => void): ChatModel {
  if (isSingleModel(plan)) return plan.aggregate
  try {
    return limits.buildPlan(plan)
  } catch (error) {
    onFailure?.(errorCodeOf(error))
    return plan.aggregate
  }
}

function byScorer({ deciders, matter, scores }: Ranked, isLasting: boolean): Decision {
  const leader = leaderOf(scores)
  const best = matter.candidates.find(({ id }) => id === leader?.id)
  if (!leader || !best) return { ...lastRoute(deciders, matter), isLasting }
  return { model: best.model, source: 'scorer', confidence: leader.margin, isLasting }
}

/** What is left when nobody chooses: the default, else the first that can serve the request; one that rests is passed over. */
export function lastRoute(
  { default: fallback, others }: Deciders,
  { candidates, needs, nowMs }: Pick<RouteMatter, 'candidates' | 'needs' | 'nowMs'>,
): Route {
  if (fallback && isAwake(fallback, nowMs)) return { model: fallback, source: 'default' }
  const left = [...candidates.map(({ model }) => model), ...others]
  const [first = others[0]] = fitModels(left, needs, nowMs)
  return fallback && !isAwake(first, nowMs) ? { model: fallback, source: 'default' } : { model: first, source: 'first' }
}

/** How the candidates rank for the last user message. */
export function scoresOf(
  { scorer }: Deciders,
  { body }: ChatRequest,
  candidates: readonly OfferedCandidate[],
): readonly Score[] {
  const question = textOf(lastUserMessage(body.messages) ?? { role: 'user' })
  return scorer(question).filter((score) => candidates.some(({ id }) => id === score.id))
}

async function withinSpan<T>(span: Span, run: (span: Span) => Promise<T>): Promise<T> {
  try {
    const result = await run(span)
    span.end('ok')
    return result
  } catch (error) {
    span.end(errorCodeOf(error))
    throw error
  }
}

function bounded(context: CallContext, { deadlineMs }: Deciders): CallContext {
  const deadline = createDeadline(context.clock, { totalMs: deadlineMs }, context.deadline)
  return { ...context, deadline, startOver: null }
}
