/** The providers that come with MoLLMR, and what must be known of them to use them safely. */
import type { CallDefaults } from './call-options.ts'
import type { ProviderPackage } from './load-provider.ts'

export type BoxedKind = 'anthropic' | 'google'

export interface BoxedAccess {
  readonly baseUrl?: string
  readonly apiKey: string
  readonly headers: Readonly<Record<string, string>>
}

interface Boxed {
  readonly name: string
  readonly factory: string
  readonly origin: string
  /** The packages put no version before their paths: the base URL must hold it. */
  readonly versionPath: string
  readonly defaults: CallDefaults
}

const boxes: Readonly<Record<BoxedKind, Boxed>> = {
  anthropic: {
    name: '@ai-sdk/anthropic',
    factory: 'createAnthropic',
    origin: 'https://api.anthropic.com',
    versionPath: '/v1',
    // The API insists on a limit. The package would send 128000 for a model it does not know, which models
    // with a lower limit refuse; every one since Claude 4 takes this much.
    defaults: { maxTokens: 32_000, needsSignedReasoning: true },
  },
  google: {
    name: '@ai-sdk/google',
    factory: 'createGoogle',
    origin: 'https://generativelanguage.googleapis.com',
    versionPath: '/v1beta',
    defaults: {},
  },
}

/** All options are given, because a package looks into the environment for those that are not. */
export function boxedProvider(
  kind: BoxedKind,
  { baseUrl, apiKey, headers }: BoxedAccess,
): { readonly provider: ProviderPackage; readonly defaults: CallDefaults } {
  const { name, factory, defaults } = boxes[kind]
  const baseURL = boxedBaseUrl(kind, baseUrl)
  return { provider: { name, factory, options: { baseURL, apiKey, headers } }, defaults }
}

/** With its version: a base URL without a path gets it, one with a path is meant as it is. */
export function boxedBaseUrl(kind: BoxedKind, baseUrl?: string): string {
  const { origin, versionPath } = boxes[kind]
  const url = new URL(baseUrl ?? origin)
  if (url.pathname === '/') url.pathname = versionPath
  return url.href.replace(/\/+$/, '')
}
