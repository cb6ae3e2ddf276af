import type { FastifyRequest } from 'fastify'
import type { Caller } from '../chat/chat-request.ts'

/** Who asks, as far as a request says. */
export function callerOf({ headers, keyHolder }: FastifyRequest): Caller {
  const known = headers as Readonly<Record<string, string | undefined>>
  return keyHolder ? { headers: known, key: keyHolder.name } : { headers: known }
}
