import { type ChatRequest, createChatRequest, type RequestOptions, withBody } from '../../chat/chat-request.ts'
import { answerTokensOf, atOnce, expectedAnswerTokens, inTurn, noCalls } from '../../chat/estimate.ts'
import { explainModel } from '../../chat/explain-model.ts'
import type { Circumstances, Estimate, Explanation } from '../../chat/explanation.ts'
import { withoutAnswerFields } from '../answer/answer-fields.ts'
import { blockTokens } from '../block/draft-block.ts'
import type { KeptDrafts } from '../drafts/kept-drafts.ts'
import type { ResolvedMixture, Worker } from '../resolved-mixture.ts'
import type { Ask, Strategy } from '../strategies/strategy.ts'

/** A request to a mixture, before anybody is asked. */
export interface Matter {
  readonly mixture: ResolvedMixture
  readonly strategy: Strategy
  readonly options: RequestOptions
  /** As the members get it. */
  readonly request: ChatRequest
  readonly quorum: number
  readonly circumstances: Circumstances
  /** What is known of drafts that need no call. Where it is left out, nothing is. */
  readonly kept?: KeptDrafts
}

/** A draft that a worker is expected to write. */
export interface ExpectedDraft {
  readonly worker: Worker
  readonly explanation: Explanation
  /** True for one that is there already: nobody is asked for it, in the first round. */
  readonly isKept: boolean
}

/** What workers and the aggregate are expected to take where nothing goes wrong. */
export interface PanelCost {
  readonly drafts: readonly ExpectedDraft[]
  /** The calls to the aggregate, in turn. */
  readonly aggregate: readonly Explanation[]
  readonly estimate: Estimate
}

/** What the aggregate writes beside the answer: about the drafts, or the number of one of them. */
const askedTokens: Readonly<Record<Exclude<Ask, 'answer'>, number>> = { notes: expectedAnswerTokens, verdict: 64 }

/** More or less what a token is in most languages. */
const charactersPerToken = 4

/** What each worker of the mixture is expected to do. */
export function expectDrafts(matter: Matter): readonly ExpectedDraft[] {
  const { mixture, request, circumstances, kept } = matter
  if (kept?.isAsked === false) return []
  const asked = withoutAnswerFields(request.body)
  return mixture.workers.map((worker) => {
    const own = createChatRequest({ ...asked, ...worker.params })
    const explanation = explainModel(worker.model, own, circumstances)
    return { worker, explanation, isKept: kept?.has(worker) ?? false }
  })
}

/** Adds the aggregate to `drafts`; without drafts it answers alone. */
export function reckonPanel(matter: Matter, drafts: readonly ExpectedDraft[]): PanelCost {
  const aggregate = explainAggregate(matter, drafts)
  const rounds = Array.from({ length: matter.mixture.layers }, (_, index) => reckonRound(matter, drafts, index === 0))
  const estimate = inTurn([...rounds, aggregateEstimate(aggregate)])
  const fewest = matter.strategy.least?.(matter.mixture)
  if (!fewest || drafts.length < 2) return { drafts, aggregate, estimate }
  const lucky = drafts.filter(({ worker }) => fewest.includes(worker))
  const { least } = inTurn([...rounds.slice(0, -1), reckonRound(matter, lucky, rounds.length === 1)])
  return { drafts, aggregate, estimate: { ...estimate, least } }
}

function reckonRound(matter: Matter, drafts: readonly ExpectedDraft[], isFirst: boolean): Estimate {
  const estimates = drafts.map(({ explanation, isKept }) => (isKept && isFirst ? noCalls : explanation.estimate))
  return { ...atOnce(estimates), ms: gatheringMs(matter, estimates) }
}

/** Of all calls to the aggregate. */
export function aggregateEstimate(calls: readonly Explanation[]): Estimate {
  return inTurn(calls.map(({ estimate }) => estimate))
}

function explainAggregate(matter: Matter, drafts: readonly ExpectedDraft[]): readonly Explanation[] {
  const { mixture, strategy, request, circumstances } = matter
  const [aggregate] = mixture.aggregates
  const choices = request.body.n ?? 1
  if (!aggregate || (drafts.length === 1 && choices === 1 && !mixture.alwaysAggregate)) return []
  const explain = (asked: ChatRequest, draftsTokens: number): Explanation => {
    const addedTokens = circumstances.addedTokens + draftsTokens
    return explainModel(aggregate.model, asked, { ...circumstances, addedTokens })
  }
  if (drafts.length === 0) return [explain(request, 0)]
  const shownTokens = drafts.map(({ worker }) => draftTokens(worker, mixture.maxDraftCharacters))
  const draftsTokens = shownTokens.reduce((sum, tokens) => sum + tokens, blockTokens)
  return strategy.asks(drafts.length, mixture).map((ask) => {
    const call = explain(requestFor(ask, request), draftsTokens)
    return ask === 'answer' ? severalTimes(call, choices) : call
  })
}

/** Each choice of an answer is a call of its own, made at the same time. */
function severalTimes(call: Explanation, times: number): Explanation {
  return { ...call, estimate: atOnce(Array.from({ length: times }, () => call.estimate)) }
}

function draftTokens({ params }: Worker, maxCharacters: number): number {
  const answerTokens = answerTokensOf({ model: '', messages: [], ...params })
  return Math.min(answerTokens, Math.ceil(maxCharacters / charactersPerToken))
}

function requestFor(ask: Ask, request: ChatRequest): ChatRequest {
  if (ask === 'answer') return (request.body.n ?? 1) > 1 ? withBody(request, { n: 1 }) : request
  return createChatRequest({ ...withoutAnswerFields(request.body), max_tokens: askedTokens[ask] })
}

/** The quorum's last draft and the grace after it, but no longer than the slowest. */
function gatheringMs({ mixture, quorum }: Matter, drafts: readonly Estimate[]): number | null {
  if (drafts.length === 0) return noCalls.ms
  const times = drafts.map(({ ms }) => ms).filter((ms) => ms !== null)
  if (times.length < drafts.length) return null
  const ascending = times.toSorted((a, b) => a - b)
  const last = ascending.at(-1) ?? 0
  return Math.min(last, (ascending[quorum - 1] ?? last) + mixture.graceMs)
}
