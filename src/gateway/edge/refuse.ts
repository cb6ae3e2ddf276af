/** What the gateway says to requests that reach no route, or that the HTTP framework refuses on its own. */
import type { FastifyInstance, FastifyRequest, HTTPMethods } from 'fastify'
import { CancelledError, isMollmrError, RequestError } from '../../chat/errors.ts'
import { encodingFlawOf } from './decode-body.ts'
import { requestFlawOf } from './request-flaw.ts'

/** Before anything else is looked at. A caller whose requests cannot be told apart is not heard again. */
export function refuseBadForm(server: FastifyInstance): void {
  server.addHook('onRequest', (request, reply, done) => {
    const flaw = requestFlawOf(request.raw)
    if (flaw) void reply.header('connection', 'close')
    done(flaw ?? encodingFlawOf(request.headers['content-encoding']) ?? undefined)
  })
}

const methods: readonly HTTPMethods[] = ['GET', 'POST', 'DELETE', 'HEAD']

/** `allow` where another method would do, and 405 unless that was the question, else a 404 that knows the usual slips in a base URL. */
export function refuseUnknownRoutes(server: FastifyInstance): void {
  server.setNotFoundHandler((request, reply) => {
    const [path = ''] = request.url.split('?')
    const allowed = methods.filter((method) => hasRoute(server, method, path))
    if (allowed.length === 0) throw new RequestError('route_not_found', notFoundMessage(request.method, path))
    reply.header('allow', [...allowed, 'OPTIONS'].join(', '))
    if (request.method === 'OPTIONS') return reply.code(204).send()
    throw new RequestError('method_not_allowed', `${path} takes ${allowed.join(' or ')}, not ${request.method}.`)
  })
}

/** Matches the path as the router would; the framework's own `hasRoute` compares patterns. */
function hasRoute(server: FastifyInstance, method: HTTPMethods, path: string): boolean {
  return Boolean(server.findRoute({ method, url: path }) as unknown)
}

function notFoundMessage(method: string, path: string): string {
  const hint = path.startsWith('/v1/v1/')
    ? 'The path has /v1 twice: leave /v1 out of the base URL, or let the client not add it.'
    : 'GET / lists what there is.'
  return `There is no ${method} ${path} here. ${hint}`
}

/** An error of the framework in our words; anything else as it is. */
export function requestErrorOf(thrown: unknown, request: FastifyRequest): unknown {
  if (isMollmrError(thrown)) return thrown
  const { code } = thrown as { readonly code?: unknown }
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new RequestError('request_too_large', 'The request body is too large; raise server.max_body_bytes.')
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new RequestError('unsupported_media_type', `${mediaTypeOf(request)} Send application/json.`)
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return new RequestError('invalid_request', 'The body is not as long as content-length says.')
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
      return new RequestError('invalid_json', 'The request has no body; send a JSON object.')
    case 'FST_ERR_BAD_URL':
      return new RequestError('invalid_request', 'The path is not a valid URL path.')
    case 'ECONNRESET':
      return request.raw.destroyed ? new CancelledError({ cause: thrown }) : thrown
    default:
      return thrown
  }
}

function mediaTypeOf(request: FastifyRequest): string {
  const type = request.headers['content-type']
  return type === undefined ? 'The request has no content-type.' : `The content-type "${type}" is not understood.`
}
