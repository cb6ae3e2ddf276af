import { createHash } from 'node:crypto'
import type { UpstreamError } from '../chat/errors.ts'
import type { ModelConfig, UpstreamConfig } from '../config/config.ts'
import { Breaker } from '../upstream/breaker.ts'

/** The breakers of all models. They outlive a config: reading it again does not make a server well. */
export class Breakers {
  readonly #breakers = new Map<string, Breaker>()
  readonly #onRefused: (error: UpstreamError) => void

  /** @param onRefused hears once of each model whose key is refused or whose account is spent, until it is well again */
  constructor(onRefused: (error: UpstreamError) => void) {
    this.#onRefused = onRefused
  }

  /** One for a model at an address with a key, whatever the config calls them. */
  of(model: ModelConfig, upstream: UpstreamConfig): Breaker {
    const key = digestOf([model.name, ...placeOf(upstream)])
    const breaker = this.#breakers.get(key) ?? new Breaker(this.#onRefused)
    this.#breakers.set(key, breaker)
    return breaker
  }
}

/** Keys of upstreams are kept nowhere but where they are sent from. */
function digestOf(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64')
}

function placeOf(upstream: UpstreamConfig): readonly unknown[] {
  switch (upstream.kind) {
    case 'openai':
    case 'anthropic':
    case 'google':
      return [upstream.kind, upstream.baseUrl, upstream.apiKey, upstream.headers]
    case 'ai-sdk':
      return [upstream.package, upstream.factory, upstream.options]
    case 'local':
      return [upstream.gguf]
    case 'simulated':
      return [upstream]
  }
}
