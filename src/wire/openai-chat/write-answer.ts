/** Writes answers in the OpenAI form, under the name that the caller asked for. */
import type { LedgerRow } from '../../chat/call-context.ts'
import type { ChatChunk, ChunkEvent, EndEvent } from '../../chat/chat-event.ts'
import type { Answer } from '../../chat/collect-answer.ts'
import type { UsageTotal, WireUsage } from '../../chat/usage.ts'
import { spliceModel } from './splice-model.ts'

/** What stays the same in every chunk of one stream. */
export interface StreamHead {
  readonly id: string
  readonly created: number
  /** The id that the caller asked for. */
  readonly model: string
}

/** The JSON of a `chat.completion`. A body that one upstream wrote and nobody changed keeps every byte but its model. */
export function writeCompletion(answer: Answer, model: string, usage: WireUsage | null): string {
  const { completion, source, end } = answer
  if (source !== undefined && usage === end.usage) return spliceModel(source, model)
  return JSON.stringify({ ...completion, model, ...(usage ? { usage } : {}) })
}

/**
 * The JSON of one chunk, or null where nothing is left to say.
 *
 * @param head set where the stream has begun under an id of our own, which then stays; else the upstream's id stays
 * @param keepUsage whether the caller asked for `stream_options.include_usage`
 */
export function writeChunk(
  event: ChunkEvent,
  model: string,
  { head, keepUsage }: { readonly head: StreamHead | undefined; readonly keepUsage: boolean },
): string | null {
  const { chunk, source } = event
  const dropsUsage = !keepUsage && chunk.usage !== undefined
  if (dropsUsage && chunk.choices.length === 0) return null
  if (source !== undefined && !dropsUsage && !head) return spliceModel(source, model)
  const { usage, ...rest } = chunk
  return JSON.stringify({ ...rest, ...head, model, ...(keepUsage && usage !== undefined ? { usage } : {}) })
}

/** The chunk that opens a stream before any upstream has spoken. */
export function writeRoleChunk(head: StreamHead): string {
  return writeOwnChunk(head, [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }])
}

/** A chunk that says nothing but what happens, in a field that other readers skip. */
export function writeTellingChunk(head: StreamHead, mollmr: Readonly<Record<string, unknown>>): string {
  return writeOwnChunk(head, [{ index: 0, delta: { content: '' }, finish_reason: null }], { mollmr })
}

/** A chunk that says it where clients show what a model thinks. */
export function writeReasoningChunk(head: StreamHead, text: string): string {
  return writeOwnChunk(head, [{ index: 0, delta: { content: '', reasoning_content: text }, finish_reason: null }])
}

/** The last chunk of a stream whose caller asked for usage. */
export function writeUsageChunk(head: StreamHead, usage: WireUsage): string {
  return writeOwnChunk(head, [], { usage })
}

function writeOwnChunk(head: StreamHead, choices: ChatChunk['choices'], fields: Partial<ChatChunk> = {}): string {
  const { id, created, model } = head
  return JSON.stringify({ id, object: 'chat.completion.chunk', created, model, choices, ...fields })
}

/**
 * The `usage` that the caller sees: its own prompt and the answer, and, where more than one call was made for it,
 * the sum over all of them in `usage.mollmr`.
 *
 * @param ledger its rows are listed too, where the caller asked for them
 */
export function visibleUsage(end: EndEvent, ledger: readonly LedgerRow[] | null): WireUsage | null {
  const { usage, total } = end
  if (!total || (total.calls <= 1 && !ledger)) return usage
  const visible = usage ?? { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }
  return { ...visible, mollmr: { ...wireTotal(total), ...(ledger ? { ledger: ledger.map(wireRow) } : {}) } }
}

function wireTotal(total: UsageTotal): Record<string, unknown> {
  return {
    calls: total.calls,
    prompt_tokens: total.promptTokens,
    completion_tokens: total.completionTokens,
    total_tokens: total.promptTokens + total.completionTokens,
    cached_tokens: total.cachedTokens,
    reasoning_tokens: total.reasoningTokens,
    cost_usd: total.costUsd,
    source: total.source,
  }
}

function wireRow(row: LedgerRow): Record<string, unknown> {
  return {
    stage: row.stage,
    step: row.step,
    requested: row.requested,
    resolved: row.resolved,
    attempt: row.attempt,
    outcome: row.outcome,
    status: row.status,
    prompt_tokens: row.usage?.promptTokens ?? null,
    completion_tokens: row.usage?.completionTokens ?? null,
    cost_usd: row.costUsd,
    source: row.source,
    headers_ms: row.headersMs,
    first_content_ms: row.firstContentMs,
    total_ms: row.totalMs,
    bytes: row.bytes,
  }
}
