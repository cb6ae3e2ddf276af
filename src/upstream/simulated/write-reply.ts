/** Replies in the OpenAI form: as the deltas of a stream, or as the choices of a whole answer. */
import type { ChatDelta, CompletionChoice } from '../../chat/chat-event.ts'
import type { ChatBody } from '../../chat/chat-request.ts'
import { textOf } from '../../chat/message-text.ts'
import { type WireUsage, wireUsageOf } from '../../chat/usage.ts'
import type { Reply } from './compose-reply.ts'
import { wordPieces } from './word-pieces.ts'

/** The deltas of one choice behind its role, a token each. */
export function deltasOf(reply: Reply): readonly ChatDelta[] {
  if (reply.kind === 'text') return reply.pieces.map((content) => ({ content }))
  const { id, type, function: called } = reply.call
  const opening = { index: 0, id, type, function: { name: called.name, arguments: '' } }
  const pieces = reply.pieces.map((piece) => ({ index: 0, function: { arguments: piece } }))
  return [opening, ...pieces].map((call) => ({ tool_calls: [call] }))
}

export function finishReasonOf(reply: Reply): string {
  return reply.kind === 'text' ? reply.finishReason : 'tool_calls'
}

export function choiceOf(reply: Reply, index: number): CompletionChoice {
  const message =
    reply.kind === 'text'
      ? { role: 'assistant', content: reply.pieces.join('') }
      : { role: 'assistant', content: null, tool_calls: [reply.call] }
  return { index, message, finish_reason: finishReasonOf(reply) }
}

/** Tokens that stand around every message in a prompt. */
const messageTokens = 4

/** Every piece counts as a token. */
export function usageOf({ messages }: ChatBody, replies: readonly Reply[]): WireUsage {
  const count = (total: number, pieces: readonly string[]): number => total + pieces.length
  const promptTokens = messages
    .map((message) => wordPieces(textOf(message)))
    .reduce(count, messages.length * messageTokens)
  const completionTokens = replies.map(({ pieces }) => pieces).reduce(count, 0)
  return wireUsageOf({ promptTokens, completionTokens, cachedTokens: 0, reasoningTokens: 0 })
}
