import type { ChatMessage } from './chat-request.ts'
import { estimateTokens } from './estimate-tokens.ts'
import { textOf } from './message-text.ts'

/** What a picture or a recording takes, more or less: nobody counts them alike. */
const tokensPerPart = 1000

/** Tokens in a conversation, more or less. */
export function estimateMessages(messages: readonly ChatMessage[]): number {
  let tokens = 0
  for (const message of messages) {
    tokens += estimateTokens(textOf(message))
    if (message.tool_calls?.length) tokens += estimateTokens(JSON.stringify(message.tool_calls))
    if (typeof message.content === 'string' || !message.content) continue
    tokens += tokensPerPart * message.content.filter((part) => part.text === undefined).length
  }
  return tokens
}
