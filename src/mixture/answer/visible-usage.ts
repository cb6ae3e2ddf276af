import type { ChatMessage } from '../../chat/chat-request.ts'
import { estimateMessages } from '../../chat/estimate-messages.ts'
import { estimateTokens } from '../../chat/estimate-tokens.ts'
import { parseUsage, type WireUsage, wireUsageOf } from '../../chat/usage.ts'

export interface UsageFacts {
  /** What the client wrote. */
  readonly asked: readonly ChatMessage[]
  /** What the model that wrote the answer was sent: the same with drafts or prompts added. */
  readonly sent: readonly ChatMessage[]
  /** What that model's upstream reported. */
  readonly reported: unknown
  readonly answer: string
}

/**
 * The usage that the client sees: its own prompt and the answer, as if one model had been asked. Programs decide by it
 * when to shorten their conversation, so drafts must not count.
 *
 * Where the upstream reported: completion tokens are its own figure; prompt tokens are its figure times the client's
 * share of what was sent, as estimated, so that the model's own way of counting stays in the result. Where it
 * did not, both are estimates from the texts.
 */
export function visibleUsage({ asked, sent, reported, answer }: UsageFacts): WireUsage {
  const usage = parseUsage(reported)
  if (!usage) {
    const promptTokens = estimateMessages(asked)
    const completionTokens = estimateTokens(answer)
    return wireUsageOf({ promptTokens, completionTokens, cachedTokens: 0, reasoningTokens: 0 })
  }
  const share = Math.min(1, estimateMessages(asked) / Math.max(1, estimateMessages(sent)))
  // Whoever has written something has used a token, however small its share of what was sent.
  const promptTokens = Math.max(share > 0 ? 1 : 0, Math.round(usage.promptTokens * share))
  return wireUsageOf({ ...usage, promptTokens, cachedTokens: Math.min(usage.cachedTokens, promptTokens) })
}
