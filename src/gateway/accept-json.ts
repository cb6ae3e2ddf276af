import type { FastifyInstance } from 'fastify'

/** Hands JSON bodies on as bytes: `wire/` parses them once, and a bypass sends them on as they came. */
export function acceptJsonBodies(server: FastifyInstance): void {
  server.removeAllContentTypeParsers()
  server.addContentTypeParser(/^application\/([\w.-]+\+)?json/, { parseAs: 'buffer' }, (_request, body, done) => {
    done(null, body)
  })
}
