/** What happens behind a stream before its answer, for callers that ask to hear of it. */
import type { RequestOptions } from '../chat/chat-request.ts'
import type { ErrorCode } from '../chat/errors.ts'
import { writeSseComment } from './sse.ts'

/** One moment of one step. */
export interface Progress {
  /** Its number in the trace of the request. */
  readonly step: number
  /** The step that it is part of, as in a mixture that is a worker. */
  readonly parent?: number
  readonly stage: 'route' | 'worker' | 'aggregate'
  /** Of the worker or model; of a route, what was chosen. */
  readonly name: string
  /**
   * `chosen` is a route's, or a worker's whose draft is the answer, word for word; `writes` is the first content; `retried`
   * was asked again, and what it had said is void; `stopped` was ended because it was no longer needed.
   */
  readonly state: 'chosen' | 'started' | 'writes' | 'retried' | 'done' | 'failed' | 'stopped'
  /** Milliseconds since the request came. */
  readonly atMs: number
  /** Of a step that failed, or why it was asked again. */
  readonly code?: ErrorCode
  /** A draft was kept from an earlier request: nobody was asked for it. */
  readonly reused?: true
}

/** What a worker writes. */
export interface DraftText {
  /** The worker's, as in its progress. */
  readonly step: number
  readonly name: string
  /** The next piece of it, or the draft as it is used, which takes the place of all pieces. */
  readonly kind: 'piece' | 'whole'
  readonly text: string
}

/** Hears what happens behind a stream. */
export interface ProgressListener {
  readonly progress: (progress: Progress) => void
  /** Null where nobody wants to see drafts: their texts are then not read. */
  readonly draft: ((draft: DraftText) => void) | null
}

/** As comments, as a field in chunks, as reasoning: the ways that strict clients survive. `drafts` are a field, too. */
export type ProgressStyle = 'comments' | 'chunks' | 'reasoning' | 'drafts'

export function progressStylesOf({ progress, include }: RequestOptions): readonly ProgressStyle[] {
  return [
    ...(progress === undefined ? [] : [progress]),
    ...(include?.includes('progress') ? ['chunks' as const] : []),
    ...(include?.includes('drafts') ? ['drafts' as const] : []),
  ]
}

/** A comment that a reader of MoLLMR's own finds and every other skips: `: mollmr {"stage":"worker",…}`. */
export function writeProgressComment(progress: Progress): string {
  return writeSseComment(`mollmr ${JSON.stringify(wireProgress(progress))}`)
}

export function wireProgress({ atMs, ...progress }: Progress): Record<string, unknown> {
  return { ...progress, at_ms: Math.round(atMs) }
}

/** A line for a person who watches a model think; empty where there is nothing worth a line. */
export function progressLine({ stage, name, state, code }: Progress): string {
  if (stage === 'route') return state === 'chosen' ? `Route: ${name}.\n` : ''
  if (stage === 'aggregate') return state === 'started' ? `${name} writes the answer.\n` : ''
  switch (state) {
    case 'done':
      return `${name} has answered.\n`
    case 'failed':
      return `${name} has failed (${code ?? 'internal_error'}).\n`
    case 'stopped':
      return `${name} was too slow.\n`
    case 'chosen':
    case 'started':
    case 'writes':
    case 'retried':
      return ''
  }
}
