/** The `response` object, which the API sends whole, at the start and at the end of every stream. */
import { parseUsage, type WireUsage } from '../../chat/usage.ts'
import type { Item } from './read-input.ts'

/** What stays the same in every response object of one request. */
export interface ResponseHead {
  readonly id: string
  /** Seconds since 1970. */
  readonly created: number
  /** The body of the request: the response says much of it again. */
  readonly fields: Readonly<Record<string, unknown>>
}

export interface ResponseState {
  readonly status: 'in_progress' | 'completed' | 'incomplete' | 'failed'
  readonly output: readonly Item[]
  readonly usage?: WireUsage | null
  readonly error?: { readonly code: string; readonly message: string } | null
  /** OpenAI's, of the chat API. */
  readonly finishReason?: string | null
}

/** The ids of a response and what is in it, all from the id of the request. */
export function responseId(requestId: string, prefix = 'resp'): string {
  return `${prefix}_${requestId.replace(/^req_/, '')}`
}

const ownId = /^[a-z]+_[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}_\d+$/

/** True for the id of an item that was made here: no upstream knows it. */
export function isOwnItemId(id: unknown): boolean {
  return typeof id === 'string' && ownId.test(id)
}

export function responseObject({ id, created, fields }: ResponseHead, state: ResponseState): Record<string, unknown> {
  const { status, output, usage = null, error = null, finishReason = null } = state
  return {
    id,
    object: 'response',
    created_at: created,
    status,
    error,
    incomplete_details: status === 'incomplete' ? { reason: reasonOf(finishReason) } : null,
    ...echoed(fields),
    output,
    usage: usage && responseUsage(usage),
  }
}

/** How a response stands after the model ended for a reason of the chat API. */
export function finalStatus(finishReason: string | null): 'completed' | 'incomplete' {
  return finishReason === 'length' || finishReason === 'content_filter' ? 'incomplete' : 'completed'
}

function reasonOf(finishReason: string | null): string {
  return finishReason === 'content_filter' ? 'content_filter' : 'max_output_tokens'
}

const defaults: Readonly<Record<string, unknown>> = {
  model: null,
  instructions: null,
  max_output_tokens: null,
  metadata: {},
  parallel_tool_calls: true,
  previous_response_id: null,
  reasoning: { effort: null, summary: null },
  store: true,
  temperature: null,
  text: { format: { type: 'text' } },
  tool_choice: 'auto',
  tools: [],
  top_p: null,
  truncation: 'disabled',
  user: null,
}

function echoed(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(defaults).map(([field, value]) => [field, fields[field] ?? value]))
}

function responseUsage(wire: WireUsage): Record<string, unknown> {
  const usage = parseUsage(wire) ?? { promptTokens: 0, completionTokens: 0, cachedTokens: 0, reasoningTokens: 0 }
  return {
    input_tokens: usage.promptTokens,
    input_tokens_details: { cached_tokens: usage.cachedTokens, cache_write_tokens: 0 },
    output_tokens: usage.completionTokens,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens },
    total_tokens: usage.promptTokens + usage.completionTokens,
    ...(wire['mollmr'] === undefined ? {} : { mollmr: wire['mollmr'] }),
  }
}
