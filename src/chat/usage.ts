/** Tokens and what they cost: as upstreams write them, as the ledger keeps them, and as sums. */
import { isObject } from './loose-json.ts'

/** The `usage` object of the OpenAI API, unknown fields kept. */
export interface WireUsage {
  readonly prompt_tokens: number
  readonly completion_tokens: number
  readonly total_tokens: number
  readonly [field: string]: unknown
}

/** Tokens of one call. Cached tokens are part of the prompt's, reasoning tokens part of the completion's. */
export interface Usage {
  readonly promptTokens: number
  readonly completionTokens: number
  readonly cachedTokens: number
  readonly reasoningTokens: number
}

/** How a figure is known: said by the upstream, counted by us from the text, or not known at all. */
export type UsageSource = 'reported' | 'estimated' | 'missing'

/** The sum over the calls of a request. `costUsd` is null as soon as one call's price is unknown: unknown is not 0. */
export interface UsageTotal extends Usage {
  readonly calls: number
  readonly costUsd: number | null
  /** The weakest source among the summed figures. */
  readonly source: UsageSource
}

/** Reads an upstream's `usage`; null where it is absent or its counts are not whole numbers of at least 0. */
export function parseUsage(wire: unknown): Usage | null {
  if (!isObject(wire)) return null
  const promptTokens = wire['prompt_tokens']
  const completionTokens = wire['completion_tokens'] ?? 0
  if (!isCount(promptTokens) || !isCount(completionTokens)) return null
  return {
    promptTokens,
    completionTokens,
    cachedTokens: detail(wire['prompt_tokens_details'], 'cached_tokens'),
    reasoningTokens: detail(wire['completion_tokens_details'], 'reasoning_tokens'),
  }
}

/** The OpenAI form of `usage`. */
export function wireUsageOf(usage: Usage): WireUsage {
  return {
    prompt_tokens: usage.promptTokens,
    completion_tokens: usage.completionTokens,
    total_tokens: usage.promptTokens + usage.completionTokens,
    prompt_tokens_details: { cached_tokens: usage.cachedTokens },
    completion_tokens_details: { reasoning_tokens: usage.reasoningTokens },
  }
}

function detail(details: unknown, field: string): number {
  const count = isObject(details) ? details[field] : undefined
  return isCount(count) ? count : 0
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
