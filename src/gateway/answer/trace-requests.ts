import type { FastifyRequest, onRequestHookHandler } from 'fastify'
import type { ErrorCode } from '../../chat/errors.ts'
import { createTrace, type Trace } from '../../trace/trace.ts'
import type { GatewayParts } from '../gateway-parts.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Of a request to a model, once it is let in. */
    trace: Trace | undefined
  }
}

/**
 * Begins the trace of a request that was let in, before its body is read: what is wrong with the body is told in the log
 * as well, and what it does can be seen while it runs. Who has no key, or comes when there is no time, leaves no trace, and cannot fill the log.
 */
export function traceRequests({ clock, traces }: Pick<GatewayParts, 'clock' | 'traces'>): onRequestHookHandler {
  return (request, _reply, done) => {
    const trace = createTrace(request.id, clock)
    if (request.keyHolder) trace.root.set({ key: request.keyHolder.name })
    traces.keep(trace)
    request.trace = trace
    done()
  }
}

/** Closes a trace that is open, and tells of it. */
export function endTrace(trace: Trace, outcome: 'ok' | ErrorCode, onEnd: (trace: Trace) => void): void {
  if (trace.hasEnded) return
  trace.root.end(outcome)
  onEnd(trace)
}

/** @throws Error on a route that keeps no traces */
export function traceOf({ trace }: FastifyRequest): Trace {
  if (!trace) throw new Error('This route keeps no traces.')
  return trace
}
