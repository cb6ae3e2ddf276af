/** What happens behind a stream before its answer, for callers that ask to hear of it. */
import type { RequestOptions } from '../chat/chat-request.ts'
import type { ErrorCode } from '../chat/errors.ts'
import { writeSseComment } from './sse.ts'

/** One moment of one step. */
export interface Progress {
  readonly stage: 'route' | 'worker' | 'aggregate'
  /** Of the worker or model; of a route, what was chosen. */
  readonly name: string
  /** `chosen` is a route's; `writes` is the first content; `stopped` was ended because it was no longer needed. */
  readonly state: 'chosen' | 'started' | 'writes' | 'done' | 'failed' | 'stopped'
  /** Milliseconds since the request came. */
  readonly atMs: number
  /** Of a step that failed. */
  readonly code?: ErrorCode
}

/** As comments, as a field in chunks, as reasoning: the ways that strict clients survive. */
export type ProgressStyle = 'comments' | 'chunks' | 'reasoning'

export function progressStylesOf({ progress, include }: RequestOptions): readonly ProgressStyle[] {
  return [...(progress === undefined ? [] : [progress]), ...(include?.includes('progress') ? ['chunks' as const] : [])]
}

/** A comment that a reader of MoLLMR's own finds and every other skips: `: mollmr {"stage":"worker",…}`. */
export function writeProgressComment(progress: Progress): string {
  return writeSseComment(`mollmr ${JSON.stringify(wireProgress(progress))}`)
}

export function wireProgress({ stage, name, state, atMs, code }: Progress): Record<string, unknown> {
  return { stage, name, state, at_ms: Math.round(atMs), ...(code === undefined ? {} : { code }) }
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
      return ''
  }
}
