import type { FastifyRequest } from 'fastify'
import type { Caller } from '../chat/chat-request.ts'

/** Who asks, as far as a request says. */
export function callerOf(http: FastifyRequest): Caller {
  return { headers: http.headers as Readonly<Record<string, string | undefined>> }
}
