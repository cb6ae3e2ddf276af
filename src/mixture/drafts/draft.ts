import type { Span } from '../../chat/call-context.ts'
import type { ChatMessage, ToolCall } from '../../chat/chat-request.ts'
import type { Answer } from '../../chat/collect-answer.ts'
import { UpstreamError } from '../../chat/errors.ts'
import { type HeldText, holdText } from '../../chat/held-text.ts'
import type { WireUsage } from '../../chat/usage.ts'
import type { Worker } from '../resolved-mixture.ts'
import { stripReasoning } from './strip-reasoning.ts'

/** `truncated` ended at its length limit, `cut_off` was stopped by us because it took too long. */
export type DraftFlag = 'refusal' | 'truncated' | 'cut_off'

/** Where a draft comes from. */
export interface DraftSource {
  readonly worker: Worker
  /** Of the call to the worker. */
  readonly span: Span
  /** What the worker was sent. */
  readonly messages: readonly ChatMessage[]
  /** True where it was given tools. */
  readonly mayAct: boolean
}

/** What a worker answered, apart from the request that it answered. */
export interface DraftContent {
  /** Without reasoning; blank only beside tool calls. */
  readonly text: HeldText
  /** What the worker wants to be called, whole; none where it was given no tools. */
  readonly toolCalls: readonly ToolCall[]
  readonly flag: DraftFlag | null
  /** As the worker reported it; null where it did not. */
  readonly usage: WireUsage | null
}

/** What a worker answered, where it can be used. */
export interface Draft extends DraftSource, DraftContent {}

/** A shorter fragment of an answer is worth less than the confusion that it makes. */
const minPartialCharacters = 200

/**
 * The draft in a whole answer.
 *
 * @throws UpstreamError `upstream_empty_response` where there is nothing to use: no text at all, reasoning only, or tool
 * calls only although the worker has no tools
 */
export function draftOf(answer: Answer, source: DraftSource): Draft {
  const text = stripReasoning(answer.text) || (answer.refusal ?? '').trim()
  const toolCalls = source.mayAct ? answer.toolCalls : []
  if (text === '' && toolCalls.length === 0) throw unusable(answer, source)
  const usage = answer.end.usage ?? answer.completion.usage ?? null
  return draftFrom({ text: holdText(text), toolCalls, flag: flagOf(answer), usage }, source)
}

/** The draft in what a worker has said until it was stopped; null where that is 200 characters or less. */
export function partialDraftOf(said: string, source: DraftSource): Draft | null {
  const text = stripReasoning(said)
  return text.length > minPartialCharacters
    ? draftFrom({ text: holdText(text), toolCalls: [], flag: 'cut_off', usage: null }, source)
    : null
}

/** A draft with this content; its span says what is wrong with it, and tells whoever listens what it says. */
export function draftFrom({ text, toolCalls, flag, usage }: DraftContent, source: DraftSource): Draft {
  if (flag) source.span.set({ flag })
  source.span.draft(text)
  return { ...source, text, toolCalls, flag, usage }
}

/** The drafts of the highest weight first; among equals whole ones, then in the order of the definition. */
export function byWorth(drafts: readonly Draft[]): readonly Draft[] {
  return drafts.toSorted(
    (a, b) =>
      b.worker.weight - a.worker.weight ||
      Number(a.flag !== null) - Number(b.flag !== null) ||
      a.worker.position - b.worker.position,
  )
}

export function bestDraft(drafts: readonly Draft[]): Draft | undefined {
  return byWorth(drafts)[0]
}

function flagOf({ refusal, finishReason }: Answer): DraftFlag | null {
  if (refusal || finishReason === 'content_filter') return 'refusal'
  return finishReason === 'length' ? 'truncated' : null
}

function unusable({ toolCalls, text, reasoning }: Answer, { worker, span }: DraftSource): UpstreamError {
  const hasReasoned = text.trim() !== '' || reasoning !== ''
  const what = toolCalls.length > 0 ? 'only tool calls' : hasReasoned ? 'only reasoning' : 'no text'
  span.set({ unusable: what })
  return new UpstreamError('upstream_empty_response', `Worker "${worker.label}" answered with ${what}.`)
}

/** A draft as it is kept, without the request that it answered. */
export function contentOf({ text, toolCalls, flag, usage }: Draft): DraftContent {
  return { text, toolCalls, flag, usage }
}
