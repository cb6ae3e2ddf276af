import { resolve } from 'node:path'
import type { ChatModel, ModelCard } from '../chat/chat-model.ts'
import type { UpstreamError } from '../chat/errors.ts'
import type { ModelConfig, UpstreamConfig } from '../config/config.ts'
import { StageCache } from '../mixture/drafts/stage-cache.ts'
import { createLocalEngine } from '../upstream/local/local-engine.ts'
import { createLocalModel } from '../upstream/local/local-model.ts'
import { createOpenAiModel } from '../upstream/openai/openai-model.ts'
import { withRelay } from '../upstream/openai/with-relay.ts'
import { speaksResponses, withNativeResponses } from '../upstream/responses/native-responses.ts'
import { createTransport } from '../upstream/http/transport.ts'
import { createSimulatedModel } from '../upstream/simulated/simulated-model.ts'
import { Breakers } from './breakers.ts'
import { createProvidedModel } from './provided-model.ts'

/** What outlives a config: connections to servers and how these do, models in memory, drafts that may be asked for again. */
export interface Engines {
  readonly stageCache: StageCache
  readonly breakers: Breakers
  /** The bare model, without retries, deadlines or a ledger. */
  createModel(model: ModelConfig, upstream: UpstreamConfig, card: ModelCard): ChatModel
  close(): Promise<void>
}

/** @param onRefused hears once of each model that rests because its key is refused or its account spent. Default: nobody does */
export function createEngines(onRefused: (error: UpstreamError) => void = () => undefined): Engines {
  const transport = createTransport()
  const { dispatcher } = transport
  const folder = resolve('.')
  const engine = createLocalEngine({ folder })
  return {
    stageCache: new StageCache(),
    breakers: new Breakers(onRefused),
    createModel: ({ id, name }, upstream, card) => {
      switch (upstream.kind) {
        case 'openai': {
          const { baseUrl, apiKey, headers, quirks, responses = speaksResponses(new URL(baseUrl).host) } = upstream
          const options = { id, name, card, baseUrl, apiKey, headers, quirks, dispatcher }
          const model = createOpenAiModel(options)
          const native = responses ? withNativeResponses(model, { ...options, upstream: upstream.id }) : model
          return withRelay(native, options)
        }
        case 'anthropic':
        case 'google':
        case 'ai-sdk':
          return createProvidedModel({ id, name, card, upstream, folder, dispatcher })
        case 'local': {
          const { gguf, contextSize, threads } = upstream
          return createLocalModel({
            id,
            card,
            engine,
            gguf,
            ...(contextSize === undefined ? {} : { contextSize }),
            ...(threads === undefined ? {} : { threads }),
          })
        }
        case 'simulated': {
          const { seed, firstTokenMs, tokensPerSecond, failureRate, accuracy } = upstream
          return createSimulatedModel({ id, name, card, seed, firstTokenMs, tokensPerSecond, failureRate, accuracy })
        }
      }
    },
    close: async () => {
      await Promise.all([transport.close(), engine.close()])
    },
  }
}
