import { resolve } from 'node:path'
import type { UpstreamConfig } from './config.ts'
import type { UpstreamFile } from './config-file.ts'
import { known } from './known.ts'

/** Servers on the own machine take any key; some insist on one. */
export const placeholderKey = 'none'
export const defaultRetries = 2

/** What is meant by an upstream as it is written; files are looked up from `folder`. */
export function resolveUpstream(id: string, written: UpstreamFile, folder: string): UpstreamConfig {
  const limits = {
    maxRetries: written.max_retries ?? defaultRetries,
    ...known({ maxConcurrency: written.max_concurrency }),
  }
  switch (written.kind) {
    case 'openai': {
      const { base_url: baseUrl, api_key: apiKey = placeholderKey, headers = {}, quirks = [] } = written
      return { kind: 'openai', id, baseUrl, apiKey, headers, quirks, ...limits }
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
