/** Serves one chat request: finds the model, opens the trace, lets it answer, and cancels it when the caller leaves. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Catalog } from '../catalog/catalog.ts'
import type { ChatModel } from '../chat/chat-model.ts'
import type { Caller, ChatRequest } from '../chat/chat-request.ts'
import { collectAnswer } from '../chat/collect-answer.ts'
import { CancelledError, errorCodeOf, isMollmrError } from '../chat/errors.ts'
import { createCallContext } from '../trace/call-context.ts'
import { createTrace, type Trace } from '../trace/trace.ts'
import { parseChatRequest } from '../wire/openai-chat/parse-chat-request.ts'
import { visibleUsage, writeCompletion } from '../wire/openai-chat/write-answer.ts'
import { answerHeaders } from './answer-headers.ts'
import type { GatewayParts } from './gateway-parts.ts'
import { streamResponse } from './stream-response.ts'

interface Exchange {
  readonly parts: GatewayParts
  readonly request: ChatRequest
  readonly model: ChatModel
  readonly trace: Trace
  readonly signal: AbortSignal
  readonly reply: FastifyReply
}

/** Handles `POST /v1/chat/completions`; `catalog` is the snapshot that this request keeps to its end. */
export async function answerChat(
  parts: GatewayParts,
  catalog: Catalog,
  { http, reply }: { readonly http: FastifyRequest; readonly reply: FastifyReply },
): Promise<FastifyReply> {
  const request = withBareMixture(parseChatRequest(http.body as Uint8Array, callerOf(http)), catalog)
  const model = catalog.find(request.body.model)
  const trace = createTrace(http.id, parts.clock)
  trace.root.set({ route: model.id })
  const leave = new AbortController()
  const stopWatching = abortWhenCallerLeaves(reply, leave)
  const release = parts.inFlight.add(leave)
  const exchange = { parts, request, model, trace, signal: leave.signal, reply }
  try {
    await (request.body.stream === true ? answerStreamed(exchange, catalog) : answerWhole(exchange, catalog))
    trace.root.end('ok')
  } catch (error) {
    trace.root.end(errorCodeOf(error))
    if (!reply.raw.headersSent) {
      reply.headers(answerHeaders(trace.id, trace.attributes))
      throw error
    }
    // The stream has told the caller; what it could not tell is for the log.
    if (!isMollmrError(error)) parts.onError(error, trace.id)
  } finally {
    stopWatching()
    release()
    parts.traces.keep(trace)
    parts.onTrace(trace)
  }
  return reply
}

async function answerWhole(exchange: Exchange, catalog: Catalog): Promise<void> {
  const { request, trace, reply } = exchange
  const answer = await collectAnswer(callModel(exchange, catalog))
  const usage = visibleUsage(answer.end, askedLedger(request, trace))
  const json = writeCompletion(answer, request.body.model, usage)
  void reply
    .headers(answerHeaders(trace.id, trace.attributes))
    .header('content-type', 'application/json; charset=utf-8')
    .send(json)
}

async function answerStreamed(exchange: Exchange, catalog: Catalog): Promise<void> {
  const { request, trace, reply, parts } = exchange
  const events = callModel(exchange, catalog)
  const corsHeaders = reply.getHeaders() as Record<string, string>
  try {
    await streamResponse(reply.raw, events, {
      model: request.body.model,
      answerId: `chatcmpl-${trace.id}`,
      keepUsage: request.body.stream_options?.include_usage === true,
      headers: () => ({ ...corsHeaders, ...answerHeaders(trace.id, trace.attributes) }),
      ledger: () => askedLedger(request, trace),
      clock: parts.clock,
    })
  } finally {
    if (reply.raw.headersSent) reply.hijack()
  }
}

function callModel(
  { parts, model, request, trace, signal }: Exchange,
  catalog: Catalog,
): ReturnType<ChatModel['chat']> {
  return model.chat(request, createCallContext({ trace, signal, limits: catalog.deadline, clock: parts.clock }))
}

function askedLedger(request: ChatRequest, trace: Trace): ReturnType<Trace['ledger']> | null {
  return request.options.include?.includes('usage') === true ? trace.ledger() : null
}

/** The mixture that a request names may be written with the prefix, like any id. */
function withBareMixture(request: ChatRequest, catalog: Catalog): ChatRequest {
  const { mixture } = request.options
  if (mixture === undefined) return request
  return { ...request, options: { ...request.options, mixture: catalog.bareId(mixture) } }
}

function callerOf(http: FastifyRequest): Caller {
  return { headers: http.headers as Readonly<Record<string, string | undefined>> }
}

/** A connection that closes before the answer has ended ends every call that was made for it. */
function abortWhenCallerLeaves(reply: FastifyReply, leave: AbortController): () => void {
  const close = (): void => {
    if (!reply.raw.writableEnded) leave.abort(new CancelledError())
  }
  reply.raw.on('close', close)
  return () => reply.raw.off('close', close)
}
