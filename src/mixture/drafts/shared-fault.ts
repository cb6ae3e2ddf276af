import type { RequestFaultCode, WorkerFailure } from '../../chat/errors.ts'

const faults: readonly RequestFaultCode[] = ['upstream_bad_request', 'context_length_exceeded']

/** The fault with the request that every worker has failed for; null where any failed otherwise. */
export function sharedFaultOf(failures: readonly WorkerFailure[]): RequestFaultCode | null {
  return faults.find((fault) => failures.length > 0 && failures.every(({ code }) => code === fault)) ?? null
}
