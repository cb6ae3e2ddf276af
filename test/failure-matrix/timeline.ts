/** What one model does on a clock, as data: the actor plays it, the oracle predicts from it what a mixture makes of it. */
import type { ErrorCode, UpstreamErrorCode } from '../../src/chat/errors.ts'

export interface Saying {
  /** Milliseconds from the start of the call. */
  readonly atMs: number
  readonly field: 'content' | 'reasoning_content' | 'refusal' | 'tool_calls'
  readonly text: string
}

export type FinishReason = 'stop' | 'length' | 'content_filter'

/** How a model comes to an end by itself: as a finish reason says, or with a failure. */
export type Ending = FinishReason | UpstreamErrorCode

export function isFinishReason(how: Ending): how is FinishReason {
  return how === 'stop' || how === 'length' || how === 'content_filter'
}

export interface Timeline {
  readonly kind: WorkerKind | AggregateKind
  readonly says: readonly Saying[]
  /** Null where the model never comes to an end by itself. */
  readonly end: { readonly atMs: number; readonly how: Ending } | null
}

export const workerKinds = [
  'ok',
  'slow',
  'hanging',
  'failing',
  'failing after content',
  'empty',
  'blank',
  'reasoning only',
  'thinking without end',
  'thinking aloud',
  'tool calls only',
  'refusing',
  'filtered',
  'truncated',
  'silent after much',
  'silent after little',
  'garbage',
] as const
export type WorkerKind = (typeof workerKinds)[number]

export const aggregateKinds = [
  'answers',
  'reasons and answers',
  'only reasons',
  'fails before',
  'hangs before',
  'says nothing',
  'fails after',
  'goes silent after',
] as const
export type AggregateKind = (typeof aggregateKinds)[number]

/** Every class of failure that an upstream can have before or within an answer. */
export const upstreamFailures = [
  'upstream_unreachable',
  'upstream_reset',
  'upstream_timeout',
  'upstream_bad_request',
  'context_length_exceeded',
  'upstream_auth_failed',
  'upstream_model_not_found',
  'rate_limit_exceeded',
  'upstream_quota_exhausted',
  'upstream_error',
  'upstream_bad_content_type',
  'upstream_malformed',
  'upstream_empty_response',
  'upstream_stream_cut',
  'upstream_stream_truncated',
  'upstream_output_limit',
  'upstream_redirect',
  'upstream_response_too_large',
] as const satisfies readonly ErrorCode[]

const names = ['alpha', 'bravo', 'charlie', 'delta', 'echo'] as const

/** The name of the worker at a position: no digits, so that no vote is read out of it. */
export function nameOf(position: number): string {
  return names[position] ?? 'foxtrot'
}

/** More than the 200 characters that a draft which was cut off needs to be used, with the name in each sentence. */
function longTalk(name: string): string {
  return `Here ${name} goes on to tell of many things and then of some more of them. `.repeat(4)
}

export interface WorkerCase {
  readonly kind: WorkerKind
  /** Of its failure, where it has one. */
  readonly code: UpstreamErrorCode
  /** The final answer that its draft comes to; null where it comes to none. */
  readonly stance: 'A' | 'B' | null
  /** How long it takes, in tens of milliseconds. */
  readonly pace: number
}

/** Moments differ from worker to worker in their last digit, so that none falls together with another's. */
export function workerTimeline({ kind, code, stance, pace }: WorkerCase, position: number): Timeline {
  const name = nameOf(position)
  const at = (ms: number): number => ms + position + 1
  const doneMs = at(pace * 10)
  const opening = `This is what ${name} has to say about it.`
  const closing = stance === null ? ` So ${name} leaves it open.` : ` The answer is (${stance}).`
  const say = (text: string, atMs = doneMs, field: Saying['field'] = 'content'): Saying => ({ atMs, field, text })
  const line = (says: readonly Saying[], how: Ending | null = 'stop', endMs = doneMs): Timeline => ({
    kind,
    says,
    end: how === null ? null : { atMs: endMs, how },
  })
  switch (kind) {
    case 'ok':
      return line([say(opening, at(50)), say(closing)])
    case 'slow':
      return line([say(opening, at(16_000)), say(closing, at(22_000))], 'stop', at(22_000))
    case 'hanging':
      return line([], null)
    case 'failing':
      return line([], code)
    case 'failing after content':
      return line([say(longTalk(name), at(50))], code)
    case 'empty':
      return line([])
    case 'blank':
      return line([say(' \n\t ')])
    case 'reasoning only':
      return line([say(`Hm, thinks ${name}.`, doneMs, 'reasoning_content')])
    case 'thinking without end':
      return line([say(`<think>Hm, thinks ${name}.`, at(50)), say(' It is never said.')])
    case 'thinking aloud':
      return line([say(`<think>Hm, thinks ${name}.</think>`, at(50)), say(opening + closing)])
    case 'tool calls only':
      return line([say('search', doneMs, 'tool_calls')])
    case 'refusing':
      return line([say(`I am ${name} and cannot help with that request.`, doneMs, 'refusal')])
    case 'filtered':
      return line([say(`Something that ${name} should not have begun to tell`)], 'content_filter')
    case 'truncated':
      return line([say(`${opening} And furthermore there would be more to`)], 'length')
    case 'silent after much':
      return line([say(longTalk(name), at(50)), say(longTalk(name))], null)
    case 'silent after little':
      return line([say(opening)], null)
    case 'garbage':
      return line([
        say(`\u0000\ufffd ${name} <|im_end|>\u202e}{ \\x [INST] ]]>${'�'.repeat(30)} and so on and on and on`),
      ])
  }
}

export interface AggregateCase {
  readonly kind: AggregateKind
  readonly code: UpstreamErrorCode
}

/** What an aggregate does when it is asked to say `text`. Its moments end in 7: no worker's do. */
export function aggregateTimeline({ kind, code }: AggregateCase, text: string): Timeline {
  const pieces = [text.slice(0, 3), text.slice(3, 9), text.slice(9)].filter((piece) => piece !== '')
  const says = pieces.map((piece, index): Saying => ({ atMs: 107 + 100 * index, field: 'content', text: piece }))
  const end = (how: Ending): Timeline['end'] => ({ atMs: 407, how })
  switch (kind) {
    case 'answers':
      return { kind, says, end: end('stop') }
    case 'reasons and answers':
      return { kind, says: [{ atMs: 57, field: 'reasoning_content', text: 'Let me see.' }, ...says], end: end('stop') }
    case 'only reasons':
      return { kind, says: [{ atMs: 57, field: 'reasoning_content', text: 'Let me see.' }], end: end('stop') }
    case 'fails before':
      return { kind, says: [], end: end(code) }
    case 'hangs before':
      return { kind, says: [], end: null }
    case 'says nothing':
      return { kind, says: [], end: end('stop') }
    case 'fails after':
      return { kind, says: says.slice(0, 1), end: end(code) }
    case 'goes silent after':
      return { kind, says: says.slice(0, 1), end: null }
  }
}
