import type { FastifyRequest } from 'fastify'
import { messagesDialect } from '../wire/anthropic-messages/messages-dialect.ts'
import type { Dialect } from '../wire/dialect.ts'
import { chatDialect } from '../wire/openai-chat/chat-dialect.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The API that a route speaks. */
    readonly dialect?: Dialect
  }
}

/** The dialect to tell a failure in: that of the route, else the one that the caller's headers speak. */
export function callerDialect(request: FastifyRequest): Dialect {
  return request.routeOptions.config.dialect ?? (speaksAnthropic(request) ? messagesDialect : chatDialect)
}

/** Every client of Anthropic's API says which version of it. */
export function speaksAnthropic({ headers }: FastifyRequest): boolean {
  return headers['anthropic-version'] !== undefined
}
