/** Models as `GET /v1/models` lists them. */
import type { ModelCard } from '../../chat/chat-model.ts'

/**
 * One entry of the list: OpenAI's four fields, and what Open WebUI and others read beside them.
 *
 * @param id the listed id, with the gateway's prefix
 * @param created seconds since 1970
 */
export function writeModel(id: string, card: ModelCard, created: number): Record<string, unknown> {
  return {
    id,
    object: 'model',
    created,
    owned_by: card.ownedBy,
    name: card.name ?? id,
    description: card.description ?? null,
    context_length: card.contextWindow ?? null,
    capabilities: {
      kind: card.kind,
      modalities: card.modalities,
      tools: card.tools,
      streaming: true,
      simulated: card.simulated,
    },
    ...(card.price ? { pricing: { prompt: card.price.input / 1e6, completion: card.price.output / 1e6 } } : {}),
  }
}
