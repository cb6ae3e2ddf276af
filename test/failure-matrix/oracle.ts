/**
 * What the specification says of a case, worked out a second time and in another way than the mixture does: from the
 * moments in the timelines alone, without events, promises or a clock. Where the two differ, one of them is wrong.
 */
import type { ErrorCode } from '../../src/chat/errors.ts'
import {
  type AggregateCase,
  aggregateTimeline,
  isFinishReason,
  nameOf,
  type Timeline,
  type WorkerCase,
  workerTimeline,
} from './timeline.ts'

export interface MatrixCase {
  /** What the workers do in each round, 1 to 3 of them; as many workers in all. */
  readonly rounds: readonly (readonly WorkerCase[])[]
  readonly quorum: number
  readonly minWorkers: number
  /** The aggregate, then its fallbacks. */
  readonly aggregates: readonly AggregateCase[]
  readonly alwaysAggregate: boolean
  readonly streamed: boolean
  /** When the client goes away; null where it waits for its answer. */
  readonly leavesAtMs: number | null
}

/** The limits that every case runs under, in milliseconds. */
export const limits = {
  graceMs: 3000,
  worker: { firstContentMs: 30_000, idleMs: 20_000, totalMs: 60_000 },
  aggregate: { firstContentMs: 25_000, idleMs: 15_000 },
  totalMs: 120_000,
} as const

export interface ExpectedCall {
  readonly model: string
  readonly startsAtMs: number
  readonly endsAtMs: number
  /** What its row in the ledger says. */
  readonly outcome: 'ok' | ErrorCode
  /** True where it did not end by itself. */
  readonly isAborted: boolean
}

export interface ExpectedDraft {
  readonly position: number
  readonly text: string
  readonly flag: 'refusal' | 'truncated' | 'cut_off' | null
  /** The final answer that it comes to. */
  readonly stance: 'A' | 'B' | null
  /** What it says, whoever says it: two whole drafts of one gist share nearly all their words. */
  readonly gist: string
}

/** What the client gets: an answer, or an error after `said`. */
export type ExpectedEnd =
  | { readonly atMs: number; readonly text: string; readonly finishReason: string }
  | { readonly atMs: number; readonly code: ErrorCode; readonly status: number; readonly said: string }

export interface Expectation {
  readonly calls: readonly ExpectedCall[]
  readonly end: ExpectedEnd
  readonly degraded: string | undefined
  /** What each round leaves to those who come after it; empty where it ends in the answer or in nothing. */
  readonly drafts: readonly (readonly ExpectedDraft[])[]
}

/** What a model that is asked by an aggregate is asked for. */
export type Wanted = { readonly answer: number } | { readonly choice: number }

export function aggregateName(index: number): string {
  return index === 0 ? 'aggregate' : `fallback ${index}`
}

/** What the aggregate at `index` says. */
export function sayingOf(wanted: Wanted): string {
  if ('choice' in wanted) return `{"draft": ${wanted.choice}}`
  return `This answer comes from ${aggregateName(wanted.answer)} and weighs every draft. That is all.`
}

/** A call to a worker and what comes of it. */
export interface Life {
  readonly timeline: Timeline
  readonly startsAtMs: number
  readonly position: number
  readonly endsAtMs: number
  readonly call: ExpectedCall
  readonly draft: ExpectedDraft | null
  readonly failure: ErrorCode | null
}

/** The lives of workers that are asked at the same moment; `from` is the position of the first of them. */
export function livesOf(workers: readonly WorkerCase[], startsAtMs: number, from = 0): readonly Life[] {
  return workers.map((worker, index) => lifeOf(workerTimeline(worker, from + index), from + index, startsAtMs))
}

function lifeOf(timeline: Timeline, position: number, startsAtMs: number): Life {
  const totalMs = Math.min(limits.worker.totalMs, leftMs(startsAtMs))
  const run = runOf(timeline, { ...limits.worker, totalMs })
  const { outcome } = run
  const endsAtMs = startsAtMs + run.atMs
  const call = { model: nameOf(position), startsAtMs, endsAtMs, outcome, isAborted: run.isTimeout }
  const life = { timeline, startsAtMs, position, endsAtMs, call }
  if (outcome === 'ok') {
    const draft = wholeOf(timeline, position)
    return { ...life, draft, failure: draft ? null : 'upstream_empty_response' }
  }
  const isLate = outcome === 'upstream_timeout' || outcome === 'upstream_idle_timeout'
  const draft = isLate ? partOf(timeline, position, run.atMs) : null
  return { ...life, draft, failure: draft ? null : outcome }
}

/** The same life where nobody waits any longer than until `atMs`. */
export function cutAt(life: Life, atMs: number): Life {
  if (life.endsAtMs <= atMs) return life
  const call = { ...life.call, endsAtMs: atMs, outcome: 'client_closed' as const, isAborted: true }
  const draft = partOf(life.timeline, life.position, atMs - life.startsAtMs)
  return { ...life, endsAtMs: atMs, call, draft, failure: null }
}

/** What is left of the time of the whole mixture. */
function leftMs(atMs: number): number {
  return Math.max(1, limits.totalMs - atMs)
}

function wholeOf(timeline: Timeline, position: number): ExpectedDraft | null {
  const { says, end } = timeline
  const refusal = says.find(({ field }) => field === 'refusal')?.text
  const text = visible(says, Infinity) || refusal
  if (!text) return null
  const flag = refusal || end?.how === 'content_filter' ? 'refusal' : end?.how === 'length' ? 'truncated' : null
  return { ...aboutText(timeline, position, text), flag }
}

function partOf(timeline: Timeline, position: number, atMs: number): ExpectedDraft | null {
  const text = visible(timeline.says, atMs)
  return text.length > 200 ? { ...aboutText(timeline, position, text), flag: 'cut_off' } : null
}

function aboutText({ kind }: Timeline, position: number, text: string): Omit<ExpectedDraft, 'flag'> {
  const stance = text.includes('(A)') ? 'A' : text.includes('(B)') ? 'B' : null
  // Garbage has so few words that its author's name is too many of them.
  const gist = kind === 'garbage' ? text : text.replaceAll(nameOf(position), '')
  return { position, text, stance, gist }
}

function visible(says: Timeline['says'], untilMs: number): string {
  const said = says.filter(({ field, atMs }) => field === 'content' && atMs <= untilMs)
  const text = said.map((saying) => saying.text).join('')
  return text
    .replace(/<think>.*?<\/think>/s, '')
    .replace(/<think>.*/s, '')
    .trim()
}

interface Run {
  readonly atMs: number
  readonly outcome: 'ok' | ErrorCode
  readonly isTimeout: boolean
}

interface Limits {
  readonly firstContentMs: number
  readonly idleMs: number
  readonly totalMs: number
}

/** Where a call ends under its deadline. */
function runOf({ says, end }: Timeline, { firstContentMs, idleMs, totalMs }: Limits): Run {
  const moments = [...says.map(({ atMs }) => atMs), end?.atMs ?? Infinity]
  let silentFromMs = 0
  for (const [index, moment] of moments.entries()) {
    const silenceEndsMs = silentFromMs + (index === 0 ? firstContentMs : idleMs)
    if (moment > Math.min(silenceEndsMs, totalMs)) {
      const isIdle = silenceEndsMs < totalMs && index > 0
      const outcome = isIdle ? 'upstream_idle_timeout' : 'upstream_timeout'
      return { atMs: Math.min(silenceEndsMs, totalMs), outcome, isTimeout: true }
    }
    silentFromMs = moment
  }
  const how = end?.how ?? 'stop'
  return { atMs: silentFromMs, outcome: isFinishReason(how) ? 'ok' : how, isTimeout: false }
}

/** What came of asking the aggregate and its fallbacks. */
export type Asked = {
  readonly calls: readonly ExpectedCall[]
  readonly atMs: number
} & (
  | { readonly text: string; readonly broke: null; readonly failed: null }
  /** After its first content. */
  | { readonly text: string; readonly broke: ErrorCode; readonly failed: null }
  | { readonly text: null; readonly broke: null; readonly failed: ErrorCode }
)

interface Asking {
  readonly startsAtMs: number
  readonly wantedOf: (index: number) => Wanted
  readonly streamed: boolean
  /** The failure after which the same aggregate is asked once more, in another form; null: none. */
  readonly asksAgainAfter: ErrorCode | null
}

export function ask({ aggregates }: MatrixCase, asking: Asking): Asked {
  const calls: ExpectedCall[] = []
  let atMs = asking.startsAtMs
  const failures: ErrorCode[] = []
  for (const [index, aggregate] of aggregates.entries()) {
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const timeline = aggregateTimeline(aggregate, sayingOf(asking.wantedOf(index)))
      const left = { ...limits.aggregate, totalMs: leftMs(atMs) }
      const run = runOf(asking.streamed ? timeline : { ...timeline, says: [] }, left)
      const call = { model: aggregateName(index), startsAtMs: atMs, endsAtMs: atMs + run.atMs }
      calls.push({ ...call, outcome: run.outcome, isAborted: run.isTimeout })
      atMs = call.endsAtMs
      const said = timeline.says.filter((saying) => saying.atMs <= run.atMs)
      const text = said.flatMap((saying) => (saying.field === 'content' ? [saying.text] : [])).join('')
      const hasBegun = asking.streamed && said.length > 0
      if (run.outcome === 'ok' && text !== '') return { calls, atMs, text, broke: null, failed: null }
      const failed = run.outcome === 'ok' ? 'upstream_empty_response' : run.outcome
      if (hasBegun) return { calls, atMs, text, broke: failed, failed: null }
      failures.push(failed)
      if (failed !== asking.asksAgainAfter) break
    }
  }
  return { calls, atMs, text: null, broke: null, failed: reasonOf(failures) }
}

/** The last of them; but that the request is wrong counts only where all say so. */
function reasonOf(failures: readonly ErrorCode[]): ErrorCode {
  return failures.findLast((code) => code !== 'upstream_bad_request') ?? 'upstream_bad_request'
}

/** Of several drafts of equal weight: a whole one, then the first. */
export function bestOf(drafts: readonly ExpectedDraft[]): ExpectedDraft | undefined {
  return drafts.find(({ flag }) => flag === null) ?? drafts[0]
}

export function finishReasonOf({ flag }: ExpectedDraft): string {
  if (flag === null) return 'stop'
  return flag === 'refusal' ? 'content_filter' : 'length'
}

const sharedStatus: Readonly<Partial<Record<ErrorCode, number>>> = {
  rate_limit_exceeded: 429,
  upstream_timeout: 504,
  upstream_idle_timeout: 504,
  upstream_bad_request: 400,
  context_length_exceeded: 400,
}

/** The status of failures that have one reason in common; 502 where they have several. */
export function statusOf(failures: readonly ErrorCode[]): number {
  const statuses = new Set(failures.map((code) => sharedStatus[code] ?? 502))
  return statuses.size === 1 ? ([...statuses][0] ?? 502) : 502
}

/** The same where the client goes away: what runs then is ended at once, and nothing begins after. */
export function cutShort(whole: Expectation, atMs: number | null): Expectation {
  const { calls, end } = whole
  if (atMs === null || atMs >= end.atMs) return whole
  const begun = calls.filter(({ startsAtMs }) => startsAtMs < atMs)
  return {
    ...whole,
    calls: begun.map((call) =>
      call.endsAtMs <= atMs ? call : { ...call, endsAtMs: atMs, outcome: 'client_closed', isAborted: true },
    ),
    end: { atMs, code: 'client_closed', status: 499, said: 'text' in end ? end.text : end.said },
  }
}
