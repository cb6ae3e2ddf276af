import type { ChatBody, ChatRequest } from '../../chat/chat-request.ts'
import { spliceModel } from '../../wire/openai-chat/splice-model.ts'

const limits = ['max_tokens', 'max_completion_tokens'] as const

/**
 * The body as the upstream gets it: the client's own text with another model name where nobody changed anything, else
 * written anew. A token limit that means none (-1, 0, null) is left out, because some servers refuse it.
 */
export function writeRequestBody({ body, source }: ChatRequest, model: string): string {
  const unset = limits.filter((field) => field in body && !isLimit(body[field]))
  if (source !== undefined && unset.length === 0) return spliceModel(source, model)
  const kept: Record<string, unknown> & ChatBody = { ...body, model }
  for (const field of unset) Reflect.deleteProperty(kept, field)
  return JSON.stringify(kept)
}

function isLimit(value: number | null | undefined): boolean {
  return typeof value === 'number' && value > 0
}
