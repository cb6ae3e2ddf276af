import type { FastifyRequest } from 'fastify'
import type { Catalog } from '../catalog/catalog.ts'
import { promptTokensOf } from '../chat/estimate.ts'
import { messagesDialect } from '../wire/anthropic-messages/messages-dialect.ts'
import { bodyOf } from './edge/accept-json.ts'
import { callerOf } from './caller.ts'
import { requirePermissions } from './edge/key-ring.ts'

/** Answers `POST /v1/messages/count_tokens` with an estimate: no two models count alike, and a mixture has several. */
export function countTokens(catalog: Catalog, http: FastifyRequest): Record<string, number> {
  const { body } = messagesDialect.parse(bodyOf(http), callerOf(http)).request
  requirePermissions(http.keyHolder, [catalog.find(body.model).id])
  return { input_tokens: promptTokensOf(body) }
}
