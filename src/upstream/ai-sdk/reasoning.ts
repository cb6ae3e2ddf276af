/**
 * Reasoning that a provider has signed must come back with its signature, or a conversation with tools is refused. It
 * travels in `reasoning_details` of the message, as OpenRouter writes them; unsigned reasoning is `reasoning_content`.
 */
import type {
  LanguageModelV4ReasoningPart,
  LanguageModelV4StreamPart,
  SharedV4ProviderMetadata,
} from '@ai-sdk/provider'
import type { ChatMessage } from '../../chat/chat-request.ts'
import { extraContentOf, providerOptionsOf } from './extra-content.ts'

/** One block of reasoning that must come back as it is. */
export interface ReasoningDetail {
  readonly type: 'reasoning.text'
  readonly text: string
  readonly extra_content: Readonly<Record<string, unknown>>
}

/** The detail for a block that a provider has signed; null where it said nothing of it. */
export function reasoningDetailOf(
  text: string,
  metadata: SharedV4ProviderMetadata | undefined,
): ReasoningDetail | null {
  const { extra_content: extra } = extraContentOf(metadata)
  return extra ? { type: 'reasoning.text', text, extra_content: extra } : null
}

type ReasoningStreamPart = Extract<LanguageModelV4StreamPart, { type: `reasoning-${string}`; id: string }>

/** Gathers the blocks of a stream; a signature may come at the start, with a delta, or at the end of its block. */
export class ReasoningStream {
  readonly #open = new Map<string, { text: string; metadata: SharedV4ProviderMetadata }>()

  /** The detail of the block that ends with this part; null for any other part, and for a block that is not signed. */
  add(part: ReasoningStreamPart): ReasoningDetail | null {
    const block = this.#open.get(part.id) ?? { text: '', metadata: {} }
    this.#open.set(part.id, block)
    if (part.type === 'reasoning-delta') block.text += part.delta
    for (const [provider, fields] of Object.entries(part.providerMetadata ?? {}))
      block.metadata[provider] = { ...block.metadata[provider], ...fields }
    if (part.type !== 'reasoning-end') return null
    this.#open.delete(part.id)
    return reasoningDetailOf(block.text, block.metadata)
  }
}

/** The blocks in a message that comes back. Unsigned reasoning stays away: providers refuse or drop it. */
export function reasoningPartsOf(message: ChatMessage): LanguageModelV4ReasoningPart[] {
  const details = message['reasoning_details']
  if (!Array.isArray(details)) return []
  return details.filter(isDetail).map((detail) => ({
    type: 'reasoning',
    text: detail.text,
    ...providerOptionsOf({ ...detail }),
  }))
}

function isDetail(detail: unknown): detail is ReasoningDetail {
  const { type, text, extra_content: extra } = Object(detail) as Readonly<Record<string, unknown>>
  return type === 'reasoning.text' && typeof text === 'string' && typeof extra === 'object'
}
