import type { ErrorCode, WorkerFailure } from '../../chat/errors.ts'

/** Whoever is told one of these may come again after a while. */
const forNow: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['rate_limit_exceeded', 'request_loop'])

/**
 * Where every worker was turned away for now and for the same reason: that reason, with the shortest wait that was named;
 * null where any failed otherwise.
 */
export function turnedAwayOf(failures: readonly WorkerFailure[]): Pick<WorkerFailure, 'code' | 'retryAfterMs'> | null {
  const [first] = failures
  if (!first || !forNow.has(first.code) || failures.some(({ code }) => code !== first.code)) return null
  const waits = failures.flatMap(({ retryAfterMs }) => retryAfterMs ?? [])
  return { code: first.code, ...(waits.length > 0 ? { retryAfterMs: Math.min(...waits) } : {}) }
}
