import type { FastifyInstance, FastifyRequest } from 'fastify'

/** Hands JSON bodies on as bytes: `wire/` parses them once, and a bypass sends them on as they came. */
export function acceptJsonBodies(server: FastifyInstance): void {
  server.removeAllContentTypeParsers()
  server.addContentTypeParser(/^application\/([\w.-]+\+)?json/, { parseAs: 'buffer' }, (_request, body, done) => {
    done(null, body)
  })
}

const nothing = new Uint8Array()

/** The bytes of the body; none where there is none, whatever the headers say. */
export function bodyOf({ body }: FastifyRequest): Uint8Array {
  return body instanceof Uint8Array ? body : nothing
}
