import type { WorkerFailure } from '../chat/errors.ts'

/**
 * Where every worker was turned away for now, their common failure with the shortest wait that an upstream named; null
 * where any failed for another reason.
 */
export function rateLimitOf(failures: readonly WorkerFailure[]): Pick<WorkerFailure, 'code' | 'retryAfterMs'> | null {
  const isLimited = failures.length > 0 && failures.every(({ code }) => code === 'rate_limit_exceeded')
  if (!isLimited) return null
  const waits = failures.flatMap(({ retryAfterMs }) => retryAfterMs ?? [])
  return { code: 'rate_limit_exceeded', ...(waits.length > 0 ? { retryAfterMs: Math.min(...waits) } : {}) }
}
