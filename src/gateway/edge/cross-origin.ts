import type { FastifyInstance, FastifyReply } from 'fastify'
import { answerHeaderNames } from '../answer/answer-headers.ts'

/** With the id that Anthropic's clients look for; by the last two the SDKs know whether and when to ask again. */
const exposed = [...answerHeaderNames, 'request-id', 'retry-after', 'x-should-retry'].join(', ')

const anyone = '*'

/** Lets pages in browsers call the gateway from the given origins; `*` is everyone. */
export function allowCrossOrigin(server: FastifyInstance, origins: readonly string[]): void {
  const allows = (origin: string): boolean => origins.includes(anyone) || origins.includes(origin)
  server.addHook('onRequest', (request, reply, done) => {
    const { origin } = request.headers
    reply.header('vary', 'origin')
    if (origin === undefined || !allows(origin)) {
      done()
      return
    }
    reply.header('access-control-allow-origin', origin)
    reply.header('access-control-expose-headers', exposed)
    if (request.method !== 'OPTIONS') done()
    else sendPreflight(reply, request.headers)
  })
}

function sendPreflight(reply: FastifyReply, asked: Readonly<Record<string, string | string[] | undefined>>): void {
  // Echoed, because the wildcard does not cover `authorization` and SDKs send a dozen headers of their own.
  const headers = asked['access-control-request-headers'] ?? 'authorization, content-type'
  void reply
    .header('access-control-allow-methods', 'GET, POST, DELETE, OPTIONS')
    .header('access-control-allow-headers', headers)
    .header('access-control-allow-private-network', 'true')
    .header('access-control-max-age', '86400')
    .code(204)
    .send()
}
