/** Serves what only single models can do, embeddings and legacy completions, by handing it on as it is. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Catalog } from '../catalog/catalog.ts'
import { CancelledError, type ErrorCode, errorCodeOf, RequestError, UpstreamError } from '../chat/errors.ts'
import { costOf } from '../chat/price.ts'
import type { RelayRequest } from '../chat/relay.ts'
import { parseUsage, type Usage } from '../chat/usage.ts'
import { createTrace, type Trace } from '../trace/trace.ts'
import { spliceModel } from '../wire/openai-chat/splice-model.ts'
import { parseJsonBody } from '../wire/parse-json-body.ts'
import { writeSseData } from '../wire/sse.ts'
import { bodyOf } from './accept-json.ts'
import { answerHeaders, spentHeaders } from './answer-headers.ts'
import { errorResponseOf } from './error-response.ts'
import type { GatewayParts } from './gateway-parts.ts'
import { requirePermission } from './key-ring.ts'

export interface RelayExchange {
  readonly http: FastifyRequest
  readonly reply: FastifyReply
  readonly path: RelayRequest['path']
}

/** The answer has the caller's name for the model; else it is what the upstream said. */
export async function relayRequest(
  parts: GatewayParts,
  catalog: Catalog,
  { http, reply, path }: RelayExchange,
): Promise<FastifyReply> {
  parts.admission.require()
  const { value, source: json } = parseJsonBody(bodyOf(http))
  const asked = value['model']
  if (typeof asked !== 'string') throw new RequestError('invalid_request', 'model must be an id.', { param: 'model' })
  const model = catalog.find(asked)
  requirePermission(http.keyHolder, model.id)
  const relay = catalog.relay(asked, path)
  const trace = createTrace(http.id, parts.clock)
  trace.root.set({ route: model.id, model: model.id, ...(http.keyHolder ? { key: http.keyHolder.name } : {}) })
  const leave = new AbortController()
  const release = parts.inFlight.add(leave)
  const stop = endWithCaller(reply, leave)
  const endLimit = limitTime(parts, catalog, leave)
  const record = recorderOf(trace, { id: model.id, price: model.card.price, now: () => parts.clock.now() })
  try {
    const isStreamed = value['stream'] === true
    const answer = await relay({ path, json, isStreamed, signal: leave.signal })
    if (answer.kind === 'events') await sendEvents(reply, answer.texts, { asked, trace, record })
    else await sendWhole(reply, answer.texts, { asked, trace, record })
    trace.root.end('ok')
  } catch (error) {
    record(errorCodeOf(error), null)
    trace.root.end(errorCodeOf(error))
    if (!reply.raw.headersSent) throw error
  } finally {
    endLimit()
    stop()
    release()
    parts.traces.keep(trace)
    parts.onTrace(trace)
  }
  return reply
}

type WriteRow = (outcome: 'ok' | ErrorCode, usage: Usage | null) => void

interface Relayed {
  readonly asked: string
  readonly trace: Trace
  readonly record: WriteRow
}

async function sendWhole(
  reply: FastifyReply,
  texts: AsyncIterable<string>,
  { asked, trace, record }: Relayed,
): Promise<void> {
  let text = ''
  for await (const each of texts) text += each
  record('ok', usageIn(text))
  void reply
    .headers({ ...answerHeaders(trace.id, trace.attributes), ...spentHeaders(trace.root.total()) })
    .header('content-type', 'application/json; charset=utf-8')
    .send(spliceModel(text, asked))
}

const endMark = '[DONE]'

async function sendEvents(
  reply: FastifyReply,
  texts: AsyncIterable<string>,
  { asked, trace, record }: Relayed,
): Promise<void> {
  const { raw } = reply
  const given = reply.getHeaders() as { [name: string]: string }
  let usage: Usage | null = null
  raw.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-transform',
    ...given,
    ...answerHeaders(trace.id, trace.attributes),
  })
  reply.hijack()
  try {
    for await (const text of texts) {
      usage = usageIn(text) ?? usage
      const isDrained = raw.write(writeSseData(text === endMark ? text : spliceModel(text, asked)))
      if (!isDrained && !raw.destroyed)
        await new Promise((resolve) => raw.once('drain', resolve).once('close', resolve))
    }
    record('ok', usage)
  } catch (error) {
    raw.write(writeSseData(JSON.stringify(errorResponseOf(error).body)))
    throw error
  } finally {
    raw.end()
  }
}

function usageIn(text: string): Usage | null {
  if (!text.includes('"usage"')) return null
  try {
    return parseUsage((JSON.parse(text) as { readonly usage?: unknown }).usage)
  } catch {
    return null
  }
}

interface RecordedModel {
  readonly id: string
  readonly price: Parameters<typeof costOf>[1]
  readonly now: () => number
}

/** Writes the one row of the call, whichever way it ends. */
function recorderOf(trace: Trace, { id, price, now }: RecordedModel): WriteRow {
  const startMs = now()
  let isRecorded = false
  return (outcome, usage) => {
    if (isRecorded) return
    isRecorded = true
    trace.root.record({
      stage: 'request',
      requested: id,
      resolved: null,
      outcome,
      usage,
      source: usage ? 'reported' : 'missing',
      costUsd: costOf(usage, price),
      firstContentMs: null,
      totalMs: now() - startMs,
    })
  }
}

/** Ends the call when it has taken as long as a request may. */
function limitTime({ clock }: GatewayParts, { deadline }: Catalog, leave: AbortController): () => void {
  if (deadline.totalMs === undefined) return () => undefined
  return clock.after(deadline.totalMs, () => {
    leave.abort(new UpstreamError('upstream_timeout', 'The call took longer than its total time limit.'))
  })
}

function endWithCaller({ raw }: FastifyReply, leave: AbortController): () => void {
  const close = (): void => {
    if (!raw.writableEnded) leave.abort(new CancelledError())
  }
  raw.on('close', close)
  return () => raw.off('close', close)
}
