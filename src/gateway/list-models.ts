/** `GET /v1/models` in the shape that the caller reads: OpenAI's, or Anthropic's where it says `anthropic-version`. */
import type { FastifyRequest } from 'fastify'
import type { Catalog, ListedModel } from '../catalog/catalog.ts'
import { writeAnthropicModel } from '../wire/anthropic-messages/write-model.ts'
import { writeModel } from '../wire/openai-chat/write-model.ts'
import { speaksAnthropic } from './caller-dialect.ts'
import type { GatewayParts } from './gateway-parts.ts'
import { mayAsk, requirePermissions } from './edge/key-ring.ts'

/** Every model that the caller may ask; the Anthropic shape also has the aliases that Claude Code shows. */
export function listModels({ catalog, startedAt }: GatewayParts, request: FastifyRequest): Record<string, unknown> {
  const snapshot = catalog()
  if (!speaksAnthropic(request)) {
    return {
      object: 'list',
      data: allowedModels(snapshot, request).map(({ id, card }) => writeModel(id, card, startedAt)),
    }
  }
  const models = allowedModels(snapshot, request, snapshot.aliases())
  const { limit } = request.query as { readonly limit?: string }
  const most = limit === undefined ? models.length : Number.parseInt(limit, 10) || models.length
  return anthropicPage(models, most, startedAt)
}

/** What the caller's key may ask, `first` before the rest. */
function allowedModels(
  snapshot: Catalog,
  { keyHolder }: FastifyRequest,
  first: readonly ListedModel[] = [],
): readonly ListedModel[] {
  return [...first, ...snapshot.list()].filter(({ id }) => mayAsk(keyHolder, snapshot.find(id).id))
}

export function showModel({ catalog, startedAt }: GatewayParts, request: FastifyRequest): Record<string, unknown> {
  const asked = (request.params as { readonly '*': string })['*']
  const snapshot = catalog()
  const model = snapshot.find(asked)
  requirePermissions(request.keyHolder, [model.id])
  const listed = { id: snapshot.listedId(asked), card: model.card }
  const { id, card } = snapshot.aliases().find((alias) => alias.id === asked) ?? listed
  return speaksAnthropic(request) ? writeAnthropicModel(id, card, startedAt) : writeModel(id, card, startedAt)
}

function anthropicPage(models: readonly ListedModel[], most: number, startedAt: number): Record<string, unknown> {
  const page = models.slice(0, most)
  return {
    data: page.map(({ id, card }) => writeAnthropicModel(id, card, startedAt)),
    has_more: page.length < models.length,
    first_id: page[0]?.id ?? null,
    last_id: page.at(-1)?.id ?? null,
  }
}
