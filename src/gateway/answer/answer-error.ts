import type { FastifyReply, FastifyRequest } from 'fastify'
import { errorCodeOf } from '../../chat/errors.ts'
import type { Counter } from '../../metrics/metrics.ts'
import type { Trace } from '../../trace/trace.ts'
import { callerDialect } from '../caller-dialect.ts'
import { errorResponseOf } from '../error-response.ts'
import { requestErrorOf } from '../edge/refuse.ts'
import { endTrace } from './trace-requests.ts'

interface ErrorListeners {
  /** Hears of what goes wrong inside. */
  readonly onError: (error: unknown, requestId: string) => void
  /** Errors that callers were told, by their code. */
  readonly errors: Counter
  /** Hears of a request that was refused before a model was found for it. */
  readonly onEnd: (trace: Trace) => void
}

/** Tells callers what went wrong, in their dialect, and the operator what nobody expected. */
export function createErrorAnswer({
  onError,
  errors,
  onEnd,
}: ErrorListeners): (thrown: unknown, request: FastifyRequest, reply: FastifyReply) => void {
  return (thrown, request, reply) => {
    const error = requestErrorOf(thrown, request)
    const failure = errorResponseOf(error)
    const dialect = callerDialect(request)
    const { requestIdHeader } = dialect
    const code = errorCodeOf(error)
    errors.add({ code })
    const { trace } = request
    if (trace) endTrace(trace, code, onEnd)
    if (failure.status === 500) onError(error, request.id)
    void reply
      .code(failure.status)
      .headers({ 'x-request-id': request.id, ...unspentHeaders(reply), ...failure.headers })
      .headers(requestIdHeader === undefined ? {} : { [requestIdHeader]: request.id })
      .send(dialect.writeError(failure, request.id))
  }
}

/** What a model would have answered was refused before any was asked: the headers of an answer are not set yet. */
function unspentHeaders(reply: FastifyReply): Readonly<Record<string, string>> {
  const isForModels = reply.request.routeOptions.config.dialect !== undefined
  return isForModels && !reply.hasHeader('x-mollmr-attempts') ? { 'x-mollmr-attempts': '0' } : {}
}
