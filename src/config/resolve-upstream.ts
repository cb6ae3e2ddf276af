import { resolve } from 'node:path'
import type { UpstreamConfig } from './config.ts'
import type { UpstreamFile } from './config-file.ts'
import { known } from './known.ts'

/** Servers on the own machine take any key; some insist on one. */
export const placeholderKey = 'none'
export const defaultRetries = 2

/** Packages for servers whose OpenAI dialect loses less on the way through `kind: openai`. */
const lossy: Readonly<Record<string, string>> = {
  '@ai-sdk/openai': 'https://api.openai.com/v1',
  '@ai-sdk/openai-compatible': 'the address of the server',
  '@ai-sdk/groq': 'https://api.groq.com/openai/v1',
  '@ai-sdk/deepseek': 'https://api.deepseek.com/v1',
  '@ai-sdk/xai': 'https://api.x.ai/v1',
}

/** What works, but better in another way; undefined where nothing is to be said. */
export function warningAbout(id: string, written: UpstreamFile): string | undefined {
  const address = written.kind === 'ai-sdk' ? lossy[written.package] : undefined
  if (address === undefined) return undefined
  return `upstream "${id}" speaks the OpenAI API: with kind: openai and base_url: ${address} nothing is lost on the way, as logprobs and unknown fields are`
}

/** What is meant by an upstream as it is written; files are looked up from `folder`. */
export function resolveUpstream(id: string, written: UpstreamFile, folder: string): UpstreamConfig {
  const limits = {
    maxRetries: written.max_retries ?? defaultRetries,
    ...known({ maxConcurrency: written.max_concurrency }),
  }
  switch (written.kind) {
    case 'openai': {
      const { base_url: baseUrl, api_key: apiKey = placeholderKey, headers = {}, quirks = [], responses } = written
      return { kind: 'openai', id, baseUrl, apiKey, headers, quirks, ...known({ responses }), ...limits }
    }
    case 'anthropic':
    case 'google': {
      const { kind, base_url: baseUrl, api_key: apiKey = placeholderKey, headers = {} } = written
      return { kind, id, apiKey, headers, ...known({ baseUrl }), ...limits }
    }
    case 'ai-sdk': {
      const { package: name, factory, options = {} } = written
      return { kind: 'ai-sdk', id, package: name, options, ...known({ factory }), ...limits }
    }
    case 'local': {
      const { context_size: contextSize, threads, gguf } = written
      return { kind: 'local', id, gguf: resolve(folder, gguf), ...known({ contextSize, threads }), ...limits }
    }
    case 'simulated':
      return {
        kind: 'simulated',
        id,
        seed: written.seed ?? 1,
        firstTokenMs: written.first_token_ms ?? 0,
        tokensPerSecond: written.tokens_per_second ?? Infinity,
        failureRate: written.failure_rate ?? 0,
        accuracy: written.accuracy ?? 1,
        ...limits,
      }
  }
}
