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
import { isSingleModel, namePlan, type Plan } from './plan.ts'
import type { PlanProposer, Proposal } from './plan-proposer.ts'
import { aboveQualityFloor, byQualityAndPrice, pickWorkers } from './pick-workers.ts'
import { canServe, type RequestNeeds } from './request-needs.ts'

/** What a plan is made from. */
export interface PlanMatter {
  readonly request: ChatRequest
  readonly needs: RequestNeeds
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
  const models = eligibleModels(limits.pool, matter.needs)
  const question = textOf(lastUserMessage(matter.request.body.messages) ?? { role: 'user' })
  const reason = reasonForOneModel(matter.request, limits, question)
  if (reason !== undefined) return { plan: planFor(pickWorkers(models, question, 1), { models, matter, reason }), isLasting: true }
  const bounds = { min: limits.minWorkers, max: limits.maxWorkers }
  const proposal = models.length > 1 ? await propose(proposer, { ...matter, ...bounds, models }, context) : undefined
  const plan = proposal ? clampProposal(proposal, { models, matter, bounds, question }) : undefined
  const greedy = { workers: pickWorkers(models, question, bounds.min), count: bounds.min }
  return {
    plan: plan ?? planFor(greedy.workers, { models, matter, reason: 'by the cards of the pool', count: greedy.count }),
    isLasting: plan !== undefined || proposer === undefined || models.length === 1,
  }
}

/** The models that can serve the request and are good enough; where none can, all are left to say why not. */
function eligibleModels(pool: readonly ChatModel[], needs: RequestNeeds): readonly ChatModel[] {
  const able = pool.filter(({ card }) => canServe(card, needs))
  return aboveQualityFloor(able.length > 0 ? able : pool)
}

/** Tool calls must come from one model; a short question gains nothing from several, unless the config insists. */
function reasonForOneModel({ body }: ChatRequest, { minWorkers }: PlanLimits, question: string): string | undefined {
  if (offersTools(body) || body.messages.some(({ role }) => role === 'tool')) return 'tools: one model acts'
  const turns = body.messages.filter(({ role }) => role === 'user').length
  if (minWorkers <= 1 && turns <= 1 && question.length <= shortQuestion) return 'a short question'
  return undefined
}

async function propose(
  proposer: PlanProposer | undefined,
  matter: Parameters<PlanProposer['propose']>[0],
  context: CallContext,
): Promise<Proposal | undefined> {
  try {
    return await proposer?.propose(matter, context)
  } catch (error) {
    throwIfAborted(context.signal)
    context.span.note('proposal_failed', { code: errorCodeOf(error) })
    return undefined
  }
}

interface Draft {
  readonly models: readonly ChatModel[]
  readonly matter: PlanMatter
  readonly reason: string
  /** Drafts in all; fewer workers than that write several. Undefined: one each. */
  readonly count?: number
  readonly proposal?: Proposal
}

/** The proposal within the limits; undefined where it names no eligible worker. */
function clampProposal(
  proposal: Proposal,
  { models, matter, bounds, question }: Omit<Draft, 'reason'> & { readonly bounds: { min: number; max: number }; readonly question: string },
): Plan | undefined {
  const named = models.filter(({ id }) => proposal.workers.includes(id))
  if (named.length === 0) return undefined
  const count = Math.min(bounds.max, Math.max(bounds.min, proposal.count))
  const kept = proposal.workers.flatMap((id) => named.filter((model) => model.id === id)).slice(0, Math.max(1, count))
  const missing = kept.length > 1 ? bounds.min - kept.length : 0
  const others = models.filter((model) => !kept.includes(model))
  const workers = missing > 0 ? [...kept, ...pickWorkers(others, question, missing)] : kept
  return planFor(workers, { models, matter, reason: proposal.reason, count, proposal })
}

function planFor(workers: readonly ChatModel[], { models, matter, reason, count = workers.length, proposal }: Draft): Plan {
  const samples = workers.length === 1 ? Math.max(1, count) : 1
  const plan = { workers, samples, strategy: proposal?.strategy ?? 'synthesize', reason } as const
  const drafts = workers.length * samples
  const aggregate = aggregateFor(models, matter.needs.tokens() + drafts * draftTokens, proposal?.aggregate)
  const [best] = [...workers].sort(byQualityAndPrice)
  if (!best) throw new RangeError('A plan needs a worker.')
  return namePlan(
    aggregate && drafts > 1 ? { ...plan, aggregate } : { ...plan, workers: [best], samples: 1, aggregate: best },
  )
}

/** The proposed aggregate where its window holds all drafts, else the best model whose window does. */
function aggregateFor(models: readonly ChatModel[], tokens: number, proposed: string | undefined): ChatModel | undefined {
  const roomy = models.filter(({ card }) => card.contextWindow === undefined || card.contextWindow >= tokens)
  return roomy.find(({ id }) => id === proposed) ?? [...roomy].sort(byQualityAndPrice)[0]
}

export { isSingleModel }
