import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { refuseBadHttp } from './guard-connections.ts'
import { createRequestId } from './request-id.ts'

interface Patience {
  readonly headersMs: number
  readonly requestMs: number
}

export interface HttpServerOptions {
  readonly maxBodyBytes: number
  /** How long a request may take to arrive: its headers, and all of it. Default: 10 s and 30 s. */
  readonly patience?: Patience
}

/** Room for a key that is far too long: it is refused as a key. */
const maxHeaderBytes = 128 * 1024
const defaultPatience: Patience = { headersMs: 10_000, requestMs: 30_000 }
/** Node looks for slow requests this often. */
const connectionsCheckingInterval = 500

/**
 * The HTTP framework with our limits, and nothing of its own to say: whatever goes wrong is for `answerError`, before a route
 * is found as well as in one.
 */
export function createHttpServer(
  { maxBodyBytes, patience = defaultPatience }: HttpServerOptions,
  answerError: (thrown: unknown, request: FastifyRequest, reply: FastifyReply) => void,
): FastifyInstance {
  const server = Fastify({
    bodyLimit: maxBodyBytes,
    logger: false,
    genReqId: createRequestId,
    // An id is as long as it is: one that is not known is refused by its route, behind the door of every other.
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: maxHeaderBytes },
    // `wire/` checks bodies: without these two the framework loads a schema compiler that no route uses.
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
    http: {
      maxHeaderSize: maxHeaderBytes,
      headersTimeout: patience.headersMs,
      connectionsCheckingInterval,
      requireHostHeader: false,
    },
    requestTimeout: patience.requestMs,
    clientErrorHandler: refuseBadHttp,
    frameworkErrors: answerError,
    // Streams end with their last frame; `close` of the gateway ends what idles.
    forceCloseConnections: 'idle',
    // We say it in our own words: a request on an old connection is a 503, health still answers.
    return503OnClosing: false,
  })
  // Counted by us: Node would drop the rest unsaid.
  server.server.maxHeadersCount = 0
  server.setErrorHandler(answerError)
  return server
}

/** No route has a schema, so this is never called. */
function noSchemas(): never {
  throw new Error('A route has a schema, but the gateway has no compiler for one.')
}
