import type { ChatModel, ModelCard } from '../chat/chat-model.ts'
import type { ModelConfig, UpstreamConfig } from '../config/config.ts'
import { createOpenAiModel } from '../upstream/openai/openai-model.ts'
import { createTransport } from '../upstream/openai/transport.ts'

/** What outlives a config: connections to servers, models loaded into memory. */
export interface Engines {
  /** The bare model, without retries, deadlines or a ledger. */
  createModel(model: ModelConfig, upstream: UpstreamConfig, card: ModelCard): ChatModel
  close(): Promise<void>
}

export function createEngines(): Engines {
  const transport = createTransport()
  return {
    createModel: ({ id, name }, upstream, card) => {
      switch (upstream.kind) {
        case 'openai': {
          const { baseUrl, apiKey, headers } = upstream
          return createOpenAiModel({ id, name, card, baseUrl, apiKey, headers, dispatcher: transport.dispatcher })
        }
        case 'local':
        case 'simulated':
          throw new Error('Not joined yet.')
      }
    },
    close: () => transport.close(),
  }
}
