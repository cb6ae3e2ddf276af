import { describe, expect, it } from 'vitest'
import { createCallBudget } from './call-budget.ts'
import type { LedgerRow } from './call-context.ts'

function costing(costUsd: number | null): LedgerRow {
  return {
    stage: 'call',
    requested: 'm',
    resolved: null,
    outcome: 'ok',
    usage: null,
    source: 'missing',
    costUsd,
    firstContentMs: null,
    totalMs: 0,
  }
}

describe('createCallBudget', () => {
  it('refuses the call after the last, naming the key to raise', () => {
    const budget = createCallBudget({ maxCalls: 2 })
    budget.takeCall()
    budget.takeCall()
    expect(() => {
      budget.takeCall()
    }).toThrow('budget.max_calls')
  })

  it('refuses a call once the cost has reached the limit', () => {
    const budget = createCallBudget({ maxCostUsd: 1 })
    budget.takeCall()
    budget.settle(costing(0.6))
    budget.takeCall()
    budget.settle(costing(0.4))
    expect(() => {
      budget.takeCall()
    }).toThrow('budget.max_cost_usd')
  })

  it('counts against its parent too', () => {
    const parent = createCallBudget({ maxCalls: 1 })
    createCallBudget({}, parent).takeCall()
    expect(() => {
      createCallBudget({}, parent).takeCall()
    }).toThrow('1 calls')
  })

  it('takes a call of unknown cost for a call only', () => {
    const budget = createCallBudget({ maxCostUsd: 1 })
    budget.settle(costing(null))
    expect(() => {
      budget.takeCall()
    }).not.toThrow()
  })
})
