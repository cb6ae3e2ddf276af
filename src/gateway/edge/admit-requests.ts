import type { onRequestHookHandler } from 'fastify'
import type { Clock } from '../../chat/clock.ts'
import type { Admission } from './admission.ts'
import { closeGently } from './guard-connections.ts'

/** Turns a request away before its body is read: a gateway that is short of memory must not hold 32 MiB to say so. */
export function admitRequests(admission: Admission, clock: Clock): onRequestHookHandler {
  return (request, reply, done) => {
    const { refusal } = admission
    if (refusal) {
      void reply.header('connection', 'close')
      closeGently(request.raw.socket, clock)
    }
    done(refusal ?? undefined)
  }
}
