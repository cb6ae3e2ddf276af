/** Serves one chat request: finds the model, opens the trace, lets it answer, and cancels it when the caller leaves. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Catalog } from '../../catalog/catalog.ts'
import type { ChatEvent } from '../../chat/chat-event.ts'
import type { ChatModel, ModelCard } from '../../chat/chat-model.ts'
import type { ChatRequest } from '../../chat/chat-request.ts'
import { collectAnswer } from '../../chat/collect-answer.ts'
import { errorCodeOf, isMollmrError } from '../../chat/errors.ts'
import { createCallContext } from '../../trace/call-context.ts'
import type { Trace } from '../../trace/trace.ts'
import type { AnswerFacts, Dialect, ParsedRequest } from '../../wire/dialect.ts'
import { withHeaderOptions } from '../../wire/header-options.ts'
import { progressStylesOf } from '../../wire/progress.ts'
import { bodyOf } from '../edge/accept-json.ts'
import { answerHeaders, spentHeaders } from './answer-headers.ts'
import { callerOf } from '../caller.ts'
import { delivered, whyClosed } from './delivery.ts'
import type { GatewayParts } from '../gateway-parts.ts'
import { type KeyHolder, requirePermissions } from '../edge/key-ring.ts'
import { listenProgress } from './listen-progress.ts'
import { streamResponse } from './stream-response.ts'
import { recordedFirst } from './recorded-first.ts'
import { endTrace, traceOf } from './trace-requests.ts'

export interface HttpExchange {
  readonly http: FastifyRequest
  readonly reply: FastifyReply
  /** The API that the caller speaks. */
  readonly dialect: Dialect
}

interface Exchange {
  readonly parts: GatewayParts
  readonly holder: KeyHolder | undefined
  readonly parsed: ParsedRequest
  readonly request: ChatRequest
  readonly model: ChatModel
  readonly trace: Trace
  readonly signal: AbortSignal
  readonly reply: FastifyReply
}

/** Answers one chat request in any dialect; `catalog` is the snapshot that this request keeps to its end. */
export async function answerChat(
  parts: GatewayParts,
  catalog: Catalog,
  { http, reply, dialect }: HttpExchange,
): Promise<FastifyReply> {
  if (dialect.requestIdHeader !== undefined) reply.header(dialect.requestIdHeader, http.id)
  // Once more: many may have been let in together while none of their bodies had come.
  parts.admission.require()
  const parsed = dialect.parse(bodyOf(http), callerOf(http))
  const { model, request, named } = dialect.relayedAs
    ? catalog.relay(parsed.request)
    : catalog.serve(withHeaderOptions(parsed.request))
  requirePermissions(http.keyHolder, named)
  const trace = traceOf(http)
  trace.root.set({
    route: model.id,
    ...(parsed.dropped.length > 0 ? { dropped: parsed.dropped } : {}),
  })
  const leave = new AbortController()
  const stopWatching = abortWhenCallerLeaves(reply, leave)
  parts.onBegin(trace)
  const release = parts.inFlight.add(leave)
  const exchange = { parts, holder: http.keyHolder, parsed, request, model, trace, signal: leave.signal, reply }
  try {
    await (request.body.stream === true ? answerStreamed(exchange, catalog) : answerWhole(exchange, catalog))
    endTrace(trace, 'ok', parts.onEnd)
  } catch (error) {
    endTrace(trace, errorCodeOf(error), parts.onEnd)
    if (!reply.raw.headersSent) {
      reply.headers({ ...answerHeaders(trace.id, trace.attributes), ...spentHeaders(trace.root.total()) })
      throw error
    }
    // The stream has told the caller; what it could not tell is for the log.
    if (!isMollmrError(error)) parts.onError(error, trace.id)
  } finally {
    stopWatching()
    release()
  }
  return reply
}

async function answerWhole(exchange: Exchange, catalog: Catalog): Promise<void> {
  const { parsed, trace, reply } = exchange
  const answer = await collectAnswer(callModel(exchange, catalog))
  const json = parsed.writeAnswer(answer, factsOf(exchange))
  void reply
    .headers({ ...answerHeaders(trace.id, trace.attributes), ...spentHeaders(trace.root.total()) })
    .header('content-type', 'application/json; charset=utf-8')
    .send(json)
  await delivered(reply.raw)
}

async function answerStreamed(exchange: Exchange, catalog: Catalog): Promise<void> {
  const { parsed, request, trace, reply, parts } = exchange
  const events = callModel(exchange, catalog)
  const givenHeaders = reply.getHeaders() as Record<string, string>
  const progress = progressStylesOf(request.options)
  const isTold = progress.length > 0
  try {
    await streamResponse(reply.raw, events, {
      frames: parsed.createFrames({ ...factsOf(exchange), ...(isTold ? { progress } : {}) }),
      ...(isTold ? { listen: (listener) => listenProgress(trace, listener) } : {}),
      headers: () => ({ ...givenHeaders, ...answerHeaders(trace.id, trace.attributes) }),
      clock: parts.clock,
    })
  } finally {
    if (reply.raw.headersSent) reply.hijack()
  }
}

function callModel(
  { parts, holder, model, request, trace, signal }: Exchange,
  catalog: Catalog,
): AsyncIterable<ChatEvent> {
  const { budget = {} } = request.options
  const limits = catalog.deadline
  const parentBudget = holder?.budget && parts.keyBudgets.budgetOf(holder.name, holder.budget)
  const context = { trace, signal, limits, budget, clock: parts.clock, ...(parentBudget ? { parentBudget } : {}) }
  const events = model.chat(request, createCallContext(context))
  return parts.record ? recordedFirst(events, trace, parts.record) : events
}

function factsOf({ parts, model, request, trace }: Exchange): AnswerFacts {
  return {
    mayBeNative: mayAnswerNatively(model.card, request),
    requestId: trace.id,
    now: () => Math.floor(parts.clock.wallTime() / 1000),
    ledger: () => (request.options.include?.includes('usage') === true ? trace.ledger() : null),
  }
}

/** A router may choose a model that does; what a mixture answers is its own. */
function mayAnswerNatively({ kind, speaks = [] }: ModelCard, { native }: ChatRequest): boolean {
  return native !== undefined && (kind === 'router' || speaks.includes(native.dialect))
}

/** A connection that closes before the answer has ended ends every call that was made for it. */
function abortWhenCallerLeaves(reply: FastifyReply, leave: AbortController): () => void {
  const { socket } = reply.raw
  const close = (): void => {
    if (!reply.raw.writableEnded) leave.abort(whyClosed(socket))
  }
  reply.raw.on('close', close)
  return () => reply.raw.off('close', close)
}
