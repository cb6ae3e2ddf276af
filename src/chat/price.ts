import type { Price } from './chat-model.ts'
import type { Usage } from './usage.ts'

const tokensPerPrice = 1_000_000

/** US dollars for one call; null where the price or the usage is unknown, because unknown is not 0. */
export function costOf(usage: Usage | null, price: Price | undefined): number | null {
  if (!usage || !price) return null
  const cachedPrice = price.cachedInput ?? price.input
  const fresh = (usage.promptTokens - usage.cachedTokens) * price.input
  return (fresh + usage.cachedTokens * cachedPrice + usage.completionTokens * price.output) / tokensPerPrice
}
