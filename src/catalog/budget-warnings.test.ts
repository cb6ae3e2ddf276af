import { describe, expect, it } from 'vitest'
import { parseConfig } from '../config/parse-config.ts'
import { budgetWarnings } from './budget-warnings.ts'
import { createCatalog } from './create-catalog.ts'
import { createEngines } from './engines.ts'

function warningsOf(mixtures: string): string[] {
  const text = `
upstreams: { demo: { kind: simulated } }
models:
  - { id: priced, upstream: demo, price: { input: 1, output: 2 } }
  - { id: free, upstream: demo, price: { input: 0, output: 0 } }
  - { id: unknown, upstream: demo }
mixtures: [${mixtures}]`
  const { config } = parseConfig({ text, path: 'test.yaml', env: {} })
  return budgetWarnings(config, createCatalog(config, createEngines()))
}

describe('budgetWarnings', () => {
  it('name each member whose cost a limit in dollars cannot hold', () => {
    expect(
      warningsOf('{ name: m, workers: [priced, unknown, unknown], aggregate: free, budget: { max_cost_usd: 1 } }'),
    ).toEqual(['mixture "m" has budget.max_cost_usd, but no price is known for unknown: it does not hold them'])
  })

  it('are silent where every price is known, or cost is not limited', () => {
    expect(warningsOf('{ name: m, workers: [priced], aggregate: free, budget: { max_cost_usd: 1 } }')).toEqual([])
    expect(warningsOf('{ name: m, workers: [unknown], aggregate: free, budget: { max_calls: 1 } }')).toEqual([])
  })
})
