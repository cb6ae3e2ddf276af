import type { Config } from '../config/config.ts'
import type { Catalog } from './catalog.ts'

/** What is not meant where a mixture has a limit in US dollars: members whose price nobody knows are not held by it. */
export function budgetWarnings({ mixtures }: Config, catalog: Catalog): string[] {
  return mixtures.flatMap(({ name, budget, workers, aggregate, aggregateFallbacks }) => {
    if (budget.maxCostUsd === undefined) return []
    const members = [...workers.map(({ model }) => model), aggregate.model, ...aggregateFallbacks]
    const unpriced = [...new Set(members)].filter((id) => {
      const { kind, price } = catalog.find(id).card
      return kind === 'model' && price === undefined
    })
    if (unpriced.length === 0) return []
    const them = unpriced.join(', ')
    return [`mixture "${name}" has budget.max_cost_usd, but no price is known for ${them}: it does not hold them`]
  })
}
