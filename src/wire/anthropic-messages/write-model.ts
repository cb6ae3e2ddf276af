import type { ModelCard } from '../../chat/chat-model.ts'

/** One entry in the shape of Anthropic's `GET /v1/models`. */
export function writeAnthropicModel(id: string, card: ModelCard, created: number): Record<string, unknown> {
  return {
    type: 'model',
    id,
    display_name: card.name ?? id,
    created_at: new Date(created * 1000).toISOString(),
  }
}
