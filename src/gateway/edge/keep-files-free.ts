import type { FastifyInstance } from 'fastify'
import type { Socket } from 'node:net'
import { OverloadError } from '../../chat/errors.ts'

/** The rest is for calls to upstreams, without which nothing that was taken on can be answered. */
const callersShare = 0.9

/**
 * Turns away who asks over one of the last connections that the process may have open. A new connection gets the lowest
 * number that is free, so its number says how many are taken.
 */
export function keepFilesFree(server: FastifyInstance, maxOpenFiles: number): void {
  const firstToRefuse = Math.floor(callersShare * maxOpenFiles)
  server.addHook('onRequest', (request, reply, done) => {
    if (request.routeOptions.config.isOpen === true || descriptorOf(request.raw.socket) < firstToRefuse) {
      done()
      return
    }
    void reply.header('connection', 'close')
    done(new OverloadError(`has nearly all of the ${maxOpenFiles} files and connections open that it may have`))
  })
}

/** Node says it nowhere else. */
interface NumberedSocket extends Socket {
  readonly _handle?: { readonly fd?: number } | null
}

function descriptorOf(socket: NumberedSocket): number {
  return socket._handle?.fd ?? -1
}
