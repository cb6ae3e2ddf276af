import type { FastifyReply, FastifyRequest } from 'fastify'
import { AccessError } from '../chat/errors.ts'
import { traceCounters } from '../metrics/count-traces.ts'
import type { Counter, Metrics } from '../metrics/metrics.ts'
import type { Trace } from '../trace/trace.ts'
import type { Admission } from './edge/admission.ts'
import type { InFlight } from './edge/in-flight.ts'
import type { LoadWatch } from './edge/load-watch.ts'

/** What a gateway knows of itself. */
interface Watched {
  readonly inFlight: InFlight
  readonly admission: Admission
  readonly load: LoadWatch
  readonly isConfigStale: () => boolean
}

export interface GatewayCounters {
  readonly countTrace: (trace: Trace) => void
  /** Errors that callers were told, by their code. */
  readonly errors: Counter
}

export function countGateway(metrics: Metrics, { inFlight, admission, load, isConfigStale }: Watched): GatewayCounters {
  metrics.gauge('mollmr_in_flight', 'Requests that run.', () => inFlight.size)
  metrics.gauge('mollmr_ready', '1 where requests are taken on.', () => Number(admission.readiness === 'ok'))
  metrics.gauge(
    'mollmr_timer_delay_seconds',
    'How late timers ran in the last 5 s, 99th percentile.',
    () => load.delayMs / 1000,
  )
  metrics.gauge('mollmr_config_stale', '1 while a changed config cannot be used.', () => Number(isConfigStale()))
  return {
    countTrace: traceCounters(metrics),
    errors: metrics.counter('mollmr_errors_total', 'Errors that callers were told, by their code.'),
  }
}

/** Answers `GET /metrics`: to keys that may ask every model, because it tells of all. @throws AccessError */
export function sendMetrics(metrics: Metrics, { keyHolder }: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (keyHolder?.models !== undefined) {
    const message = `The key "${keyHolder.name}" is for some models only, and the metrics tell of all.`
    throw new AccessError('model_not_allowed', message)
  }
  return reply.header('content-type', 'text/plain; version=0.0.4; charset=utf-8').send(metrics.write())
}
