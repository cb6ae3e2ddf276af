import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { RequestError } from '../chat/errors.ts'
import type { Dialect } from '../wire/dialect.ts'
import { chatDialect } from '../wire/openai-chat/chat-dialect.ts'
import { writeAnthropicModel, writeModel } from '../wire/openai-chat/write-model.ts'
import { answerChat } from './answer-chat.ts'
import type { GatewayParts } from './gateway-parts.ts'
import { homePage } from './home-page.ts'
import { openApiDocument } from './openapi.ts'

/** Where each dialect is spoken, with `/v1` before it or not. */
const dialects: readonly (readonly [path: string, dialect: Dialect])[] = [['/chat/completions', chatDialect]]

/** Every path that the gateway answers. */
export function addRoutes(server: FastifyInstance, parts: GatewayParts): void {
  for (const [path, dialect] of dialects) {
    for (const each of [`/v1${path}`, path]) {
      server.post(each, { config: { dialect } }, (http, reply) =>
        answerChat(parts, parts.catalog(), { http, reply, dialect }),
      )
    }
  }
  for (const path of ['/v1/models', '/models']) {
    server.get(path, (request) => listModels(parts, request))
    // Ids contain slashes: the rest of the path is the id.
    server.get(`${path}/*`, (request) => showModel(parts, request))
  }
  server.get('/health/live', () => ({ status: 'ok' }))
  server.get('/health/ready', () => ({ status: 'ok', models: parts.catalog().list().length }))
  server.get('/openapi.json', () => openApiDocument())
  server.get('/mollmr/v1/traces/:id', (request) => showTrace(parts, request))
  server.get('/', (request, reply) => sendHomePage(parts, request, reply))
}

/** The list in OpenAI's shape, or in Anthropic's where the caller speaks that. */
function listModels({ catalog, startedAt }: GatewayParts, request: FastifyRequest): Record<string, unknown> {
  const models = catalog().list()
  if (request.headers['anthropic-version'] === undefined) {
    return { object: 'list', data: models.map(({ id, card }) => writeModel(id, card, startedAt)) }
  }
  const { limit } = request.query as { readonly limit?: string }
  const most = limit === undefined ? models.length : Number.parseInt(limit, 10) || models.length
  const page = models.slice(0, most)
  return {
    data: page.map(({ id, card }) => writeAnthropicModel(id, card, startedAt)),
    has_more: page.length < models.length,
    first_id: page[0]?.id ?? null,
    last_id: page.at(-1)?.id ?? null,
  }
}

function showModel({ catalog, startedAt }: GatewayParts, request: FastifyRequest): Record<string, unknown> {
  const asked = (request.params as { readonly '*': string })['*']
  const snapshot = catalog()
  const { card } = snapshot.find(asked)
  const id = snapshot.listedId(asked)
  const write = request.headers['anthropic-version'] === undefined ? writeModel : writeAnthropicModel
  return write(id, card, startedAt)
}

function showTrace({ traces }: GatewayParts, request: FastifyRequest): Record<string, unknown> {
  const { id } = request.params as { readonly id: string }
  const trace = traces.find(id)
  if (!trace) throw new RequestError('route_not_found', `There is no trace "${id}"; only the latest requests are kept.`)
  return { id, started_at: new Date(trace.startedAt).toISOString(), spans: trace.spans() }
}

function sendHomePage(parts: GatewayParts, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const html = homePage(`${request.protocol}://${request.host}`, parts.catalog().list())
  return reply.header('content-type', 'text/html; charset=utf-8').send(html)
}
