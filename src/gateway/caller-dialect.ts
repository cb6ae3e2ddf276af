import type { FastifyRequest } from 'fastify'
import type { Dialect } from '../wire/dialect.ts'
import { chatDialect } from '../wire/openai-chat/chat-dialect.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The API that a route speaks. */
    readonly dialect?: Dialect
  }
}

/** The dialect to tell a failure in: that of the route. */
export function callerDialect({ routeOptions }: FastifyRequest): Dialect {
  return routeOptions.config.dialect ?? chatDialect
}
