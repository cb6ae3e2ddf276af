import type { FastifyRequest } from 'fastify'
import { explainModel } from '../chat/explain-model.ts'
import { writeExplanation } from '../wire/write-explanation.ts'
import { chatDialect } from '../wire/openai-chat/chat-dialect.ts'
import { bodyOf } from './edge/accept-json.ts'
import { callerOf } from './caller.ts'
import type { GatewayParts } from './gateway-parts.ts'
import { requirePermissions } from './edge/key-ring.ts'

/** Answers `POST /mollmr/v1/explain`: what the same body would do at `/v1/chat/completions`. Nobody is asked. */
export function explain({ catalog, clock }: GatewayParts, http: FastifyRequest): Record<string, unknown> {
  const snapshot = catalog()
  const { request: asked } = chatDialect.parse(bodyOf(http), callerOf(http))
  const { model, request, named } = snapshot.serve(asked)
  requirePermissions(http.keyHolder, named)
  const explanation = explainModel(model, request, { clock, addedTokens: 0 })
  return { object: 'mollmr.explanation', model: asked.body.model, ...writeExplanation(explanation) }
}
