/** What a question would do, as `POST /mollmr/v1/explain` tells it, and the same in words. */
import { formatCalls, formatCost, formatMs } from './format.ts'

export interface Estimate {
  readonly calls: number
  readonly total_tokens: number
  /** Dollars; null where a price is not known. */
  readonly cost_usd: number | null
  readonly known_cost_usd: number
  /** Null where a model has not answered yet. */
  readonly ms: number | null
}

interface Explained {
  readonly id: string
  readonly estimate: Estimate
}

export type Explanation =
  | (Explained & { readonly kind: 'model' })
  | (Explained & {
      readonly kind: 'mixture'
      readonly strategy: string
      /** Why the aggregate would answer alone; null where it would not. */
      readonly bypass: string | null
      readonly budget: 'fits' | 'shrink' | 'bypass' | 'refuse'
      readonly workers: readonly (Explanation & { readonly label: string })[]
      readonly aggregate: readonly Explanation[]
    })
  | (Explained & {
      readonly kind: 'router'
      readonly source: string
      readonly would_ask: string | null
      readonly plan: string | null
      readonly route: Explanation
    })

/** A line for each model that would be asked; how deep it stands, from 0. */
export interface ForecastLine {
  readonly depth: number
  readonly text: string
}

export function forecastLines(explanation: Explanation, depth = 0, part = ''): readonly ForecastLine[] {
  const { id } = explanation
  switch (explanation.kind) {
    case 'model':
      return [{ depth, text: part + id }]
    case 'router': {
      const { source, would_ask: asks, plan, route } = explanation
      const why = asks === null ? source : `${asks} is asked first and may choose otherwise`
      const text = `${part}${id} chooses ${route.id} (${plan ?? why})`
      return [{ depth, text }, ...forecastLines(route, depth + 1)]
    }
    case 'mixture': {
      const { strategy, bypass, budget, workers, aggregate } = explanation
      const how = bypass === null ? strategy : `the aggregate alone, ${bypass}`
      return [
        { depth, text: `${part}${id}: ${how}${budget === 'fits' ? '' : `; the budget says ${budget}`}` },
        ...workers.flatMap((worker) => forecastLines(worker, depth + 1, 'worker ')),
        ...aggregate.flatMap((each) => forecastLines(each, depth + 1, 'aggregate ')),
      ]
    }
  }
}

export function forecastSum({
  calls,
  total_tokens: tokens,
  cost_usd: costUsd,
  known_cost_usd: known,
  ms,
}: Estimate): string {
  const cost = costUsd === null && known > 0 ? `at least ${formatCost(known)}` : formatCost(costUsd)
  const time = ms === null ? 'time not known yet' : `about ${formatMs(ms)}`
  return `${formatCalls(calls)}, at most about ${tokens.toLocaleString('en')} tokens, ${cost}, ${time}`
}
