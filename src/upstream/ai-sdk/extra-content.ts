/**
 * What a provider wants back with the next request (Gemini's thought signatures) travels in `extra_content` of a tool
 * call, as in the OpenAI dialect of the Gemini API: `{ google: { thought_signature } }`.
 */
import type { SharedV4ProviderMetadata, SharedV4ProviderOptions } from '@ai-sdk/provider'
import { type Fields, isObject } from '../../chat/loose-json.ts'

/** The field for a tool call that goes out; empty where the provider said nothing. */
export function extraContentOf(metadata: SharedV4ProviderMetadata | undefined): { readonly extra_content?: Fields } {
  if (!metadata || Object.keys(metadata).length === 0) return {}
  return { extra_content: eachProvider(metadata, snakeCase) }
}

/** The options in a tool call, or another part of a message, that comes back. */
export function providerOptionsOf(part: Fields): { readonly providerOptions?: SharedV4ProviderOptions } {
  const extra = part['extra_content']
  if (!isObject(extra)) return {}
  return { providerOptions: eachProvider(extra, camelCase) as SharedV4ProviderOptions }
}

function eachProvider(providers: Fields, rename: (key: string) => string): Fields {
  const renamed = Object.entries(providers)
    .filter(([, fields]) => isObject(fields))
    .map(([provider, fields]) => [
      provider,
      Object.fromEntries(Object.entries(fields as Fields).map(([key, value]) => [rename(key), value])),
    ])
  return Object.fromEntries(renamed) as Fields
}

function snakeCase(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

function camelCase(key: string): string {
  return key.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}
