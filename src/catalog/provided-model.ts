import type { ChatModel, ModelCard } from '../chat/chat-model.ts'
import type { AiSdkUpstreamConfig, HostedUpstreamConfig, ModelConfig } from '../config/config.ts'
import { type AiSdkModelOptions, createAiSdkModel } from '../upstream/ai-sdk/ai-sdk-model.ts'
import { boxedBaseUrl, boxedProvider } from '../upstream/ai-sdk/boxed-provider.ts'
import { findProvider, type ProviderPackage } from '../upstream/ai-sdk/load-provider.ts'
import { secretsIn } from '../upstream/ai-sdk/secrets-in.ts'
import { withNativeMessages } from '../upstream/anthropic/native-messages.ts'

export interface ProvidedModel extends Pick<ModelConfig, 'id' | 'name'> {
  readonly upstream: HostedUpstreamConfig | AiSdkUpstreamConfig
  readonly card: ModelCard
  readonly dispatcher: NonNullable<AiSdkModelOptions['dispatcher']>
  /** Where provider packages are looked for that are not installed beside MoLLMR. */
  readonly folder: string
}

/**
 * A model that is reached through a provider package.
 *
 * @throws ConfigError where the package is not installed
 */
export function createProvidedModel({ id, name, upstream, card, dispatcher, folder }: ProvidedModel): ChatModel {
  const { provider, defaults } =
    upstream.kind === 'ai-sdk' ? chosenProvider(upstream) : boxedProvider(upstream.kind, upstream)
  const connect = findProvider(provider, upstream.id, folder)
  const model = createAiSdkModel({
    id,
    name,
    card,
    dispatcher,
    connect,
    secrets: secretsIn(provider.options),
    defaults,
  })
  if (upstream.kind !== 'anthropic') return model
  const { apiKey, headers } = upstream
  return withNativeMessages(model, {
    baseUrl: boxedBaseUrl('anthropic', upstream.baseUrl),
    name,
    apiKey,
    headers,
    dispatcher,
  })
}

function chosenProvider({ package: name, factory, options }: AiSdkUpstreamConfig): {
  readonly provider: ProviderPackage
  readonly defaults: NonNullable<AiSdkModelOptions['defaults']>
} {
  return { provider: { name, options, ...(factory === undefined ? {} : { factory }) }, defaults: {} }
}
