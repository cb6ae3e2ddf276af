/** What becomes of the drafts of a round, before any strategy: how long they are waited for, and whether they are enough. */
import type { ErrorCode } from '../../src/chat/errors.ts'
import {
  cutAt,
  type Expectation,
  type ExpectedCall,
  type ExpectedDraft,
  type Life,
  limits,
  livesOf,
  type MatrixCase,
  statusOf,
} from './oracle.ts'
import type { WorkerCase } from './timeline.ts'

/** What has happened when a round begins. */
export interface Before {
  readonly atMs: number
  readonly calls: readonly ExpectedCall[]
  /** What each round so far has left. */
  readonly drafts: readonly (readonly ExpectedDraft[])[]
  readonly degraded: string | undefined
}

/** A round with drafts to go on with. */
export interface Gathered extends Before {
  /** Usable drafts of this round, or those of the round before where this one has too few; never none. */
  readonly usable: readonly ExpectedDraft[]
}

export type Outcome =
  { readonly gathered: Gathered; readonly failed?: never } | { readonly gathered?: never; readonly failed: Expectation }

const beginning: Before = { atMs: 0, calls: [], drafts: [], degraded: undefined }

/** All rounds but the last; then `last` makes of that what its strategy does. */
export function throughRounds(
  matrixCase: MatrixCase,
  last: (workers: readonly WorkerCase[], before: Before) => Expectation,
): Expectation {
  let before = beginning
  for (const workers of matrixCase.rounds.slice(0, -1)) {
    const { gathered, failed } = gather(matrixCase, livesOf(workers, before.atMs), before)
    if (failed) return failed
    before = gathered
  }
  return last(matrixCase.rounds.at(-1) ?? [], before)
}

/**
 * Waits for these lives, from the end of what was before, until as many are usable as must be and the grace after that
 * has passed, but for nobody who has ended.
 */
export function gather(matrixCase: MatrixCase, lives: readonly Life[], before: Before): Outcome {
  const { atMs: sinceMs } = before
  const usableAt = lives.flatMap(({ endsAtMs, draft }) => (draft ? [endsAtMs] : [])).sort((a, b) => a - b)
  const quorum = Math.max(matrixCase.quorum, matrixCase.minWorkers)
  const quorumAtMs = Math.max(sinceMs, usableAt[quorum - 1] ?? Infinity)
  const lastMs = Math.max(sinceMs, ...lives.map(({ endsAtMs }) => endsAtMs))
  return settle(matrixCase, lives, { before, atMs: Math.min(lastMs, quorumAtMs + limits.graceMs) })
}

/** Ends the waiting at `atMs`. */
function settle(
  { minWorkers }: MatrixCase,
  lives: readonly Life[],
  { before, atMs }: { readonly before: Before; readonly atMs: number },
): Outcome {
  const seen = lives.map((life) => cutAt(life, atMs))
  const calls = [...before.calls, ...seen.map(({ call }) => call)]
  const drafts = seen.flatMap(({ draft }) => draft ?? [])
  const usable = drafts.length >= Math.max(1, minWorkers) ? drafts : before.drafts.at(-1)
  if (!usable) return { failed: tooFew(drafts.length, seen, { before, calls, atMs }) }
  const degraded = drafts.length < lives.length ? `${drafts.length}/${lives.length}` : before.degraded
  return { gathered: { atMs, calls, usable, drafts: [...before.drafts, usable], degraded } }
}

function tooFew(
  usable: number,
  seen: readonly Life[],
  { before, calls, atMs }: { readonly before: Before; readonly calls: readonly ExpectedCall[]; readonly atMs: number },
): Expectation {
  const failures = seen.flatMap(({ failure }): readonly ErrorCode[] => (failure ? [failure] : []))
  const code = usable === 0 ? (faultOf(failures) ?? 'all_workers_failed') : 'insufficient_workers'
  const end = { atMs, code, status: statusOf(failures), said: '' } as const
  return { calls, end, degraded: before.degraded, drafts: before.drafts }
}

/** What all say is wrong with the request; null where they do not agree, or blame something else. */
function faultOf(failures: readonly ErrorCode[]): ErrorCode | null {
  const [code, ...others] = new Set(failures)
  const isFault = code === 'upstream_bad_request' || code === 'context_length_exceeded'
  return isFault && others.length === 0 ? code : null
}
