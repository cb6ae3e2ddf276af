import type { FastifyInstance, FastifyReply, FastifyRequest, RouteShorthandOptions } from 'fastify'
import { RequestError } from '../chat/errors.ts'
import { messagesDialect } from '../wire/anthropic-messages/messages-dialect.ts'
import type { Dialect } from '../wire/dialect.ts'
import { chatDialect } from '../wire/openai-chat/chat-dialect.ts'
import { completionsDialect } from '../wire/openai-completions/completions-dialect.ts'
import { embeddingsDialect } from '../wire/openai-embeddings/embeddings-dialect.ts'
import { ResponseShelf } from '../wire/openai-responses/response-shelf.ts'
import { createResponsesDialect } from '../wire/openai-responses/responses-dialect.ts'
import { admitRequests } from './edge/admit-requests.ts'
import { answerChat } from './answer/answer-chat.ts'
import type { GatewayParts } from './gateway-parts.ts'
import { countTokens } from './count-tokens.ts'
import { explain } from './explain.ts'
import { sendMetrics } from './gateway-metrics.ts'
import { forgetResponse, showResponse } from './kept-responses.ts'
import { listModels, showModel } from './list-models.ts'
import { openApiDocument } from './openapi.ts'
import { addPage } from './page.ts'
import { traceRequests } from './answer/trace-requests.ts'

const open = { config: { isOpen: true } }

/** Every path that the gateway answers. */
export function addRoutes(server: FastifyInstance, parts: GatewayParts): void {
  const shelf = new ResponseShelf()
  /** Where each dialect is spoken, with `/v1` before it or not. */
  const dialects: readonly (readonly [path: string, dialect: Dialect])[] = [
    ['/chat/completions', chatDialect],
    ['/responses', createResponsesDialect(shelf)],
    ['/messages', messagesDialect],
    ['/embeddings', embeddingsDialect],
    ['/completions', completionsDialect],
  ]
  const admit = admitRequests(parts.admission, parts.clock)
  const forModels = (dialect: Dialect): RouteShorthandOptions => ({ config: { dialect }, onRequest: admit })
  server.decorateRequest('trace', undefined)
  const onRequest = [admit, traceRequests(parts)]
  for (const [path, dialect] of dialects) {
    for (const each of [`/v1${path}`, path]) {
      server.post(each, { config: { dialect }, onRequest }, (http, reply) =>
        answerChat(parts, parts.catalog(), { http, reply, dialect }),
      )
    }
  }
  for (const path of ['/v1/responses/:id', '/responses/:id']) {
    server.get(path, (request) => showResponse(shelf, request))
    server.delete(path, (request) => forgetResponse(shelf, request))
  }
  server.post('/v1/messages/count_tokens', forModels(messagesDialect), (http) => countTokens(parts.catalog(), http))
  for (const path of ['/v1/models', '/models']) {
    server.get(path, (request) => listModels(parts, request))
    // Ids contain slashes: the rest of the path is the id.
    server.get(`${path}/*`, (request) => showModel(parts, request))
  }
  server.get('/health/live', open, () => ({ status: 'ok' }))
  server.get('/health/ready', open, (_request, reply) => showReadiness(parts, reply))
  // Claude Code asks whether anybody is there.
  server.get('/api/hello', open, () => ({ message: 'hello' }))
  server.get('/metrics', (request, reply) => sendMetrics(parts.metrics, request, reply))
  server.get('/openapi.json', () => openApiDocument())
  server.post('/mollmr/v1/explain', forModels(chatDialect), (http) => explain(parts, http))
  server.get('/mollmr/v1/traces/:id', (request) => showTrace(parts, request))
  addPage(server)
}

function showTrace({ traces }: GatewayParts, request: FastifyRequest): Record<string, unknown> {
  const { id } = request.params as { readonly id: string }
  const trace = traces.find(id)
  const isOwn = trace?.attributes['key'] === request.keyHolder?.name
  if (!trace || !isOwn)
    throw new RequestError('route_not_found', `There is no trace "${id}"; only the latest requests are kept.`)
  return { id, started_at: new Date(trace.startedAt).toISOString(), spans: trace.spans() }
}

/** 503 where a load balancer should ask another gateway. */
function showReadiness({ admission, catalog, isConfigStale }: GatewayParts, reply: FastifyReply): FastifyReply {
  const { readiness } = admission
  return reply.code(readiness === 'ok' ? 200 : 503).send({
    status: readiness,
    models: catalog().list().length,
    config: isConfigStale() ? 'stale' : 'current',
  })
}
