/** What calls are expected to take, reckoned before they are made. */
import type { Spending } from './call-context.ts'
import type { ModelCard } from './chat-model.ts'
import type { ChatBody } from './chat-request.ts'
import { estimateMessages } from './estimate-messages.ts'
import { estimateTokens } from './estimate-tokens.ts'
import type { Estimate } from './explanation.ts'
import { costOf } from './price.ts'

/** Tokens that an answer is expected to have where nobody set a limit: a page of text. */
export const expectedAnswerTokens = 1024

export const noCalls: Estimate = {
  calls: 0,
  promptTokens: 0,
  completionTokens: 0,
  knownCostUsd: 0,
  unpriced: [],
  least: { calls: 0, tokens: 0, costUsd: 0 },
  ms: 0,
}

/** One call to a single model. */
export interface ExpectedCall {
  readonly id: string
  readonly card: ModelCard
  readonly body: ChatBody
  /** Tokens that come to the prompt before it is sent, for drafts that do not exist yet. */
  readonly addedTokens?: number
}

/** What one call is expected to take: its whole prompt, and for each answer the limit that it sets, else a page. */
export function estimateCall({ id, card, body, addedTokens = 0 }: ExpectedCall): Estimate {
  const promptTokens = promptTokensOf(body) + addedTokens
  const completionTokens = (body.n ?? 1) * answerTokensOf(body)
  const cost = costOf({ promptTokens, completionTokens, cachedTokens: 0, reasoningTokens: 0 }, card.price)
  const least = { calls: 1, tokens: promptTokens + completionTokens, costUsd: cost ?? 0 }
  return {
    calls: 1,
    promptTokens,
    completionTokens,
    knownCostUsd: cost ?? 0,
    unpriced: cost === null ? [id] : [],
    least,
    ms: null,
  }
}

/** Tokens of the conversation and of the tools that are offered with it. */
export function promptTokensOf(body: ChatBody): number {
  const tools = body.tools?.length ? estimateTokens(JSON.stringify(body.tools)) : 0
  return estimateMessages(body.messages) + tools
}

/** The most tokens that one answer may have; where nobody set a limit, what is expected. */
export function answerTokensOf({ max_completion_tokens: completion, max_tokens: older }: ChatBody): number {
  const limit = completion ?? older ?? 0
  return limit > 0 ? limit : expectedAnswerTokens
}

/** As a budget counts it. */
export function spendingOf({ calls, promptTokens, completionTokens, knownCostUsd }: Estimate): Spending {
  return { calls, tokens: promptTokens + completionTokens, costUsd: knownCostUsd }
}

/** In words: `4 calls, 5200 tokens and 0.0123 USD`, with the models whose price is not known, and what is the least. */
export function describeEstimate(estimate: Estimate): string {
  const { unpriced, least } = estimate
  const most = spendingOf(estimate)
  const rest = unpriced.length === 0 ? '' : ` (the price of ${unpriced.join(', ')} is not known)`
  const orLess = least.calls < most.calls ? `; ${describeSpending(least, estimate)} where drafts agree` : ''
  return `${describeSpending(most, estimate)}${rest}${orLess}`
}

function describeSpending({ calls, tokens, costUsd }: Spending, { unpriced }: Estimate): string {
  const amount = costUsd === 0 && unpriced.length > 0 ? 'an unknown cost' : `${Number(costUsd.toPrecision(3))} USD`
  return `${calls === 1 ? '1 call' : `${calls} calls`}, ${tokens} tokens and ${amount}`
}

/** Calls that run at the same time: it takes as long as the slowest. */
export function atOnce(parts: readonly Estimate[]): Estimate {
  return sum(parts, (longest, ms) => Math.max(longest, ms))
}

/** Calls that wait for one another. */
export function inTurn(parts: readonly Estimate[]): Estimate {
  return sum(parts, (whole, ms) => whole + ms)
}

function sum(parts: readonly Estimate[], join: (a: number, b: number) => number): Estimate {
  return parts.reduce(
    (whole, part) => ({
      calls: whole.calls + part.calls,
      promptTokens: whole.promptTokens + part.promptTokens,
      completionTokens: whole.completionTokens + part.completionTokens,
      knownCostUsd: whole.knownCostUsd + part.knownCostUsd,
      unpriced: [...new Set([...whole.unpriced, ...part.unpriced])],
      least: {
        calls: whole.least.calls + part.least.calls,
        tokens: whole.least.tokens + part.least.tokens,
        costUsd: whole.least.costUsd + part.least.costUsd,
      },
      ms: whole.ms === null || part.ms === null ? null : join(whole.ms, part.ms),
    }),
    noCalls,
  )
}
