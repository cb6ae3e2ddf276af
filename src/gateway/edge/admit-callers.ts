import type { FastifyInstance } from 'fastify'
import { AccessError } from '../../chat/errors.ts'
import type { KeyHolder, KeyRing } from './key-ring.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Whose key was shown; undefined where none is needed. */
    keyHolder: KeyHolder | undefined
  }
  interface FastifyContextConfig {
    /** True for a route that needs no key. */
    readonly isOpen?: boolean
  }
}

/** Lets in who shows a key, before the body is read. No header switches this off, and every wrong key hears the same. */
export function admitCallers(server: FastifyInstance, keys: () => KeyRing): void {
  server.decorateRequest('keyHolder', undefined)
  server.addHook('onRequest', (request, reply, done) => {
    const ring = keys()
    if (ring.isOpen || request.routeOptions.config.isOpen === true) {
      done()
      return
    }
    request.keyHolder = ring.find(request.headers)
    if (!request.keyHolder) void reply.header('www-authenticate', 'Bearer')
    done(request.keyHolder ? undefined : noKey())
  })
}

function noKey(): AccessError {
  return new AccessError('invalid_api_key', 'Send a valid key as "authorization: Bearer KEY" or "x-api-key: KEY".')
}
