import type { AiSdkUpstreamConfig, HostedUpstreamConfig } from '../config/config.ts'
import type { AiSdkModelOptions } from '../upstream/ai-sdk/ai-sdk-model.ts'
import { boxedProvider } from '../upstream/ai-sdk/boxed-provider.ts'
import { findProvider, type ProviderPackage } from '../upstream/ai-sdk/load-provider.ts'
import { secretsIn } from '../upstream/ai-sdk/secrets-in.ts'

/**
 * How the models of an upstream are reached through a provider package.
 *
 * @throws ConfigError where the package is not installed
 */
export function providerAccess(
  upstream: HostedUpstreamConfig | AiSdkUpstreamConfig,
  folder: string,
): Pick<AiSdkModelOptions, 'connect' | 'secrets' | 'defaults'> {
  const { provider, defaults } =
    upstream.kind === 'ai-sdk' ? chosenProvider(upstream) : boxedProvider(upstream.kind, upstream)
  return { connect: findProvider(provider, upstream.id, folder), secrets: secretsIn(provider.options), defaults }
}

function chosenProvider({ package: name, factory, options }: AiSdkUpstreamConfig): {
  readonly provider: ProviderPackage
  readonly defaults: NonNullable<AiSdkModelOptions['defaults']>
} {
  return { provider: { name, options, ...(factory === undefined ? {} : { factory }) }, defaults: {} }
}
