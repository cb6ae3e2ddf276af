/**
 * The HTTP server. It speaks to clients in their dialect and hands what they ask to the catalog's models; which model
 * that is, and how many others it asks, it neither knows nor minds.
 */
import type { FastifyInstance } from 'fastify'
import type { Catalog } from '../catalog/catalog.ts'
import type { Clock } from '../chat/clock.ts'
import { systemClock } from '../chat/clock.ts'
import { ShutdownError } from '../chat/errors.ts'
import { Metrics } from '../metrics/metrics.ts'
import { acceptJsonBodies } from './edge/accept-json.ts'
import { Admission } from './edge/admission.ts'
import { admitCallers } from './edge/admit-callers.ts'
import { createErrorAnswer } from './answer/answer-error.ts'
import { endSlowReaders } from './answer/delivery.ts'
import { allowCrossOrigin } from './edge/cross-origin.ts'
import { decodeBodies } from './edge/decode-body.ts'
import { countGateway } from './gateway-metrics.ts'
import { guardConnections } from './edge/guard-connections.ts'
import { createHttpServer, type HttpServerOptions } from './edge/http-server.ts'
import { KeyRing } from './edge/key-ring.ts'
import { type KeyBudgets, MemoryKeyBudgets } from '../chat/key-budgets.ts'
import { keepFilesFree } from './edge/keep-files-free.ts'
import { InFlight } from './edge/in-flight.ts'
import { LoadWatch } from './edge/load-watch.ts'
import { refuseBadForm, refuseUnknownRoutes } from './edge/refuse.ts'
import { addRoutes } from './routes.ts'
import type { Trace } from '../trace/trace.ts'
import { TraceShelf } from './answer/trace-shelf.ts'

export interface GatewayOptions extends HttpServerOptions {
  /** The catalog of this moment; a request keeps the one it began with. */
  readonly catalog: () => Catalog
  /** The keys of this moment. Default: none, everybody may ask. */
  readonly keys?: () => KeyRing
  readonly corsOrigins: readonly string[]
  /** Hears of what goes wrong inside. */
  readonly onError: (error: unknown, requestId: string) => void
  /** Hears of every request to a model that was let in, once it has ended. */
  readonly onTrace?: (trace: Trace) => void
  /**
   * Writes down a request that is answered, in place of `onTrace`: its answer ends once it has resolved, with the error where
   * it rejects. Default: nothing is waited for.
   */
  readonly record?: (trace: Trace) => Promise<void>
  /** Why nothing is taken on, as far as the load does not say it. Default: null. */
  readonly complaint?: () => string | null
  /** Requests at the same time; more are turned away. Default: 10,000. */
  readonly maxInFlight?: number
  /**
   * What is used of the memory that the process may use, 0 to 1. Where it is given, the process's load is watched: late
   * timers and full memory turn requests away. Default: not watched.
   */
  readonly memoryShare?: () => number
  /** True while a changed config cannot be used and the one before stays. Default: never. */
  readonly isConfigStale?: () => boolean
  readonly clock?: Clock
  /** Where what keys spend in a day is kept. Default: in memory, so that it is forgotten with the process. */
  readonly keyBudgets?: KeyBudgets
  /** Told of requests and errors, and shown at `GET /metrics`. Default: of this gateway alone. */
  readonly metrics?: Metrics
  /** Hears of every request to a model that is taken on. */
  readonly onBegin?: (trace: Trace) => void
  /** Files and connections that the process may have open; the last tenth is for calls, not for callers. Default: no limit. */
  readonly maxOpenFiles?: number
}

export interface Gateway {
  /** Resolves to the URL that it listens on. @throws where the address is taken or not ours. */
  listen(address: { readonly host: string; readonly port: number }): Promise<string>
  /** Takes no more requests, lets what runs end for at most `drainMs`, then cuts it. */
  close(drainMs: number): Promise<void>
}

const keptTraces = 200
const defaultMaxInFlight = 10_000

/** Builds the server without listening. */
export function createGateway(options: GatewayOptions): Gateway {
  const clock = options.clock ?? systemClock
  const inFlight = new InFlight()
  const load = new LoadWatch(clock, options.memoryShare ?? (() => 0))
  const { maxInFlight = defaultMaxInFlight, complaint } = options
  const admission = new Admission({ inFlight, load, maxInFlight, ...(complaint ? { complaint } : {}) })
  const metrics = options.metrics ?? new Metrics()
  const isConfigStale = options.isConfigStale ?? (() => false)
  const { countTrace, errors } = countGateway(metrics, { inFlight, admission, load, isConfigStale })
  const { onError, onTrace, record } = options
  const onEnd = (trace: Trace): void => {
    countTrace(trace)
    onTrace?.(trace)
  }
  const server = createHttpServer(options, createErrorAnswer({ onError, errors, onEnd }))
  guardRoutes(server, options, clock)
  addRoutes(server, {
    catalog: options.catalog,
    clock,
    inFlight,
    admission,
    metrics,
    keyBudgets: options.keyBudgets ?? new MemoryKeyBudgets(clock),
    isConfigStale,
    traces: new TraceShelf(keptTraces),
    onBegin: options.onBegin ?? (() => undefined),
    onEnd,
    record: record
      ? (trace) => {
          countTrace(trace)
          return record(trace)
        }
      : null,
    onError,
    startedAt: Math.floor(clock.wallTime() / 1000),
  })
  return {
    listen: (address) => {
      if (options.memoryShare) load.start()
      return server.listen(address)
    },
    close: async (drainMs) => {
      admission.drain()
      await drain(server, { inFlight, clock, drainMs })
      load.stop()
    },
  }
}

/** What every request passes before its route, in this order. */
function guardRoutes(server: FastifyInstance, options: GatewayOptions, clock: Clock): void {
  guardConnections(server.server, clock)
  endSlowReaders(server.server, clock)
  refuseBadForm(server)
  keepFilesFree(server, options.maxOpenFiles ?? Infinity)
  acceptJsonBodies(server)
  decodeBodies(server, options.maxBodyBytes)
  allowCrossOrigin(server, options.corsOrigins)
  const openRing = new KeyRing([])
  admitCallers(server, options.keys ?? (() => openRing))
  refuseUnknownRoutes(server)
}

interface Drain {
  readonly inFlight: InFlight
  readonly clock: Clock
  readonly drainMs: number
}

const sweepMs = 20
/** For what is said to those that were cut; a caller that does not even read that is not waited for. */
const lastWordsMs = 500

/** The framework waits for every socket, also for those that a client keeps open without asking: they are closed here. */
async function drain(server: FastifyInstance, { inFlight, clock, drainMs }: Drain): Promise<void> {
  let cancelSweep: () => void = () => undefined
  const sweep = (): void => {
    server.server.closeIdleConnections()
    cancelSweep = clock.after(sweepMs, sweep)
  }
  const cancelCut = clock.after(drainMs, () => {
    inFlight.abortAll(new ShutdownError())
  })
  const cancelEnd = clock.after(drainMs + lastWordsMs, () => {
    server.server.closeAllConnections()
  })
  const closed = server.close()
  sweep()
  try {
    await closed
  } finally {
    cancelSweep()
    cancelCut()
    cancelEnd()
  }
}
