/**
 * Composing: a mixture for this one request, out of the pool. The base model proposes, the code decides: constraints
 * and a quality floor first, counts clamped, the aggregate as strong as the pool allows. A single model is the default,
 * because it is the best choice for most questions (Self-MoA, arXiv 2502.00674).
 */
import type { CallContext } from '../chat/call-context.ts'
import type { ChatModel } from '../chat/chat-model.ts'
import type { ChatRequest } from '../chat/chat-request.ts'
import { errorCodeOf } from '../chat/errors.ts'
import { throwIfAborted } from '../chat/link-abort.ts'
import { lastUserMessage, offersTools, textOf } from '../chat/message-text.ts'
import type { Turn } from './conversation.ts'
import { namePlan, type Plan, type PlanStrategy } from './plan.ts'
import type { PlanProposer, Proposal, ProposalMatter } from './plan-proposer.ts'
import { aboveQualityFloor, byQualityAndPrice, pickWorkers } from './pick-workers.ts'
import { fitModels, type RequestNeeds } from './request-needs.ts'

/** What a plan is made from. */
export interface PlanMatter {
  readonly request: ChatRequest
  readonly needs: RequestNeeds
  /** On the clock of the calls. */
  readonly nowMs: number
  readonly turns: readonly Turn[]
  readonly fence: string
}

/** What a plan may be made of. */
export interface PlanLimits {
  readonly pool: readonly ChatModel[]
  readonly minWorkers: number
  readonly maxWorkers: number
}

/** A plan, and whether the base model was heard where there is one. */
export interface ComposedPlan {
  readonly plan: Plan
  readonly isLasting: boolean
}

/** Tokens of one draft of 12,000 characters. */
const draftTokens = 3000
/** Characters of a last user message that is short enough for one model, whatever it asks. */
const shortQuestion = 60

/** Composes a plan. Never fails for reasons of its own: without a usable proposal the cards decide. */
export async function composePlan(
  { limits, proposer }: { readonly limits: PlanLimits; readonly proposer: PlanProposer | undefined },
  matter: PlanMatter,
  context: CallContext,
): Promise<ComposedPlan> {
  const { plan: greedy, isOpen, table } = foreseePlan(limits, matter)
  if (!isOpen || !proposer) return { plan: greedy, isLasting: true }
  const proposal = await propose(proposer, { ...matter, ...limits, models: table.eligible }, context)
  const plan = proposal && clampedPlan(table, proposal)
  return plan ? { plan, isLasting: true } : { plan: greedy, isLasting: false }
}

export interface ForeseenPlan {
  /** What the cards of the models make. */
  readonly plan: Plan
  /** True where there is something that a base model could propose. */
  readonly isOpen: boolean
  readonly table: Table
}

/** The plan as it is without asking a base model. */
export function foreseePlan(
  limits: PlanLimits,
  { needs, nowMs, request }: Pick<PlanMatter, 'needs' | 'nowMs' | 'request'>,
): ForeseenPlan {
  const eligible = aboveQualityFloor(fitModels(limits.pool, needs, nowMs))
  const question = textOf(lastUserMessage(request.body.messages) ?? { role: 'user' })
  const table: Table = { eligible, question, promptTokens: needs.tokens, ...limits }
  const oneModel = reasonForOneModel(request, table)
  if (oneModel !== undefined) return { plan: greedyPlan(table, 1, oneModel), isOpen: false, table }
  return { plan: greedyPlan(table, limits.minWorkers), isOpen: eligible.length > 1, table }
}

/** What lies on the table while a plan is made. */
interface Table extends PlanLimits {
  /** The models of the pool that can serve the request and are good enough. */
  readonly eligible: readonly ChatModel[]
  readonly question: string
  readonly promptTokens: () => number
}

/** Tool calls must come from one model; a short question gains nothing from several, unless the config insists. */
function reasonForOneModel({ body }: ChatRequest, { minWorkers, question }: Table): string | undefined {
  if (offersTools(body) || body.messages.some(({ role }) => role === 'tool')) return 'one model acts with tools'
  const turns = body.messages.filter(({ role }) => role === 'user').length
  return minWorkers <= 1 && turns <= 1 && question.length <= shortQuestion ? 'a short question' : undefined
}

async function propose(
  proposer: PlanProposer,
  matter: ProposalMatter,
  context: CallContext,
): Promise<Proposal | undefined> {
  try {
    return await proposer.propose(matter, context)
  } catch (error) {
    throwIfAborted(context.signal)
    context.span.note('proposal_failed', { code: errorCodeOf(error) })
    return undefined
  }
}

/** The plan that the cards of the models make. */
function greedyPlan(table: Table, count: number, reason = 'by strengths, quality and price'): Plan {
  return finishPlan(table, { workers: pickWorkers(table.eligible, table.question, count), count, reason })
}

/** The proposal within the limits; undefined where it names no eligible worker. */
function clampedPlan(table: Table, proposal: Proposal): Plan | undefined {
  const count = Math.max(1, Math.min(table.maxWorkers, Math.max(table.minWorkers, proposal.count)))
  const named = proposal.workers.flatMap((id) => table.eligible.filter((model) => model.id === id)).slice(0, count)
  if (named.length === 0) return undefined
  const missing = named.length === 1 ? 0 : table.minWorkers - named.length
  const others = table.eligible.filter((model) => !named.includes(model))
  return finishPlan(table, { ...proposal, workers: [...named, ...pickWorkers(others, table.question, missing)], count })
}

interface RoughPlan {
  readonly workers: readonly ChatModel[]
  /** Drafts in all: a lone worker writes as many. */
  readonly count: number
  readonly aggregate?: string | undefined
  readonly strategy?: PlanStrategy
  readonly reason: string
}

/** Adds samples and an aggregate; a single draft needs none and is the answer of its worker. */
function finishPlan(table: Table, { workers, count, aggregate, strategy = 'synthesize', reason }: RoughPlan): Plan {
  const samples = workers.length === 1 ? count : 1
  const drafts = workers.length * samples
  const writer = drafts === 1 ? workers[0] : aggregateFor(table, drafts, aggregate)
  if (!writer) throw new RangeError('A plan needs a pool that is not empty.')
  return namePlan({ workers, samples, aggregate: writer, strategy, reason })
}

/** The proposed aggregate where its window holds all drafts, else the best model whose does, else the widest. */
function aggregateFor(table: Table, drafts: number, proposed: string | undefined): ChatModel | undefined {
  const neededTokens = table.promptTokens() + drafts * draftTokens
  const roomy = table.eligible.filter((model) => windowOf(model) >= neededTokens)
  const [best] = [...roomy].sort(byQualityAndPrice)
  const [widest] = [...table.eligible].sort((a, b) => windowOf(b) - windowOf(a))
  return roomy.find(({ id }) => id === proposed) ?? best ?? widest
}

/** Tokens; a window that is not declared is taken to be wide enough. */
function windowOf({ card }: ChatModel): number {
  return card.contextWindow ?? Number.MAX_SAFE_INTEGER
}
