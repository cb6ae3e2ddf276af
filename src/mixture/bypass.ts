import type { ChatBody } from '../chat/chat-request.ts'
import { offersTools } from '../chat/message-text.ts'
import type { ResolvedMixture } from './resolved-mixture.ts'
import { isToolResult } from './tools-as-text.ts'

/**
 * Why the workers are not asked and the aggregate answers alone; null where they are. Only the aggregate can act, and a
 * step between two tool calls is no question that drafts would help with.
 */
export function bypassReason({ workers }: ResolvedMixture, body: ChatBody): 'no_workers' | 'tools' | null {
  if (workers.length === 0) return 'no_workers'
  const last = body.messages.at(-1)
  const offersFunctions = Array.isArray(body['functions']) && body['functions'].length > 0
  return offersTools(body) || offersFunctions || (last && isToolResult(last)) ? 'tools' : null
}
