import { describe, expect, it } from 'vitest'
import { ledgerRow } from '../testing/ledger-row.ts'
import { createCallBudget } from './call-budget.ts'
import type { LedgerRow, Spending } from './call-context.ts'

function row({ tokens, costUsd }: { readonly tokens: number | null; readonly costUsd: number | null }): LedgerRow {
  const usage = { promptTokens: tokens ?? 0, completionTokens: 0, cachedTokens: 0, reasoningTokens: 0 }
  return ledgerRow({ usage: tokens === null ? null : usage, source: 'missing', costUsd })
}

const expecting =
  (tokens: number, costUsd = 0) =>
  (): Spending => ({ calls: 1, tokens, costUsd })

describe('createCallBudget', () => {
  it('refuses the call after the last, naming the key to raise', () => {
    const budget = createCallBudget({ maxCalls: 2 })
    budget.reserve(expecting(1))
    budget.reserve(expecting(1))
    expect(() => budget.reserve(expecting(1))).toThrow('it needs 1 call and has 0 calls left; raise budget.max_calls')
  })

  it('sets aside what calls at the same time will take, so that together they do not overshoot', () => {
    const budget = createCallBudget({ maxTokens: 1000, maxCostUsd: 0.1 })
    budget.reserve(expecting(400, 0.04))
    budget.reserve(expecting(400, 0.04))
    expect(() => budget.reserve(expecting(400, 0.01))).toThrow('raise budget.max_tokens')
    expect(() => budget.reserve(expecting(100, 0.04))).toThrow(
      'it needs 0.04 USD and has 0.02 USD left; raise budget.max_cost_usd',
    )
    expect(budget.left).toMatchObject({ calls: Infinity, tokens: 200 })
  })

  it('puts what a call did take in the place of what was set aside', () => {
    const budget = createCallBudget({ maxTokens: 1000, maxCalls: 5, maxCostUsd: 1 })
    const settle = budget.reserve(expecting(900, 0.9))
    settle(row({ tokens: 100, costUsd: 0.25 }))
    expect(budget.left).toEqual({ calls: 4, tokens: 900, costUsd: 0.75 })
  })

  it('refuses the next call where one took more than it was expected to', () => {
    const budget = createCallBudget({ maxTokens: 1000 })
    budget.reserve(expecting(500))(row({ tokens: 1200, costUsd: null }))
    expect(() => budget.reserve(expecting(1))).toThrow('has 0 tokens left')
  })

  it('counts against its parent too, and takes nothing where the parent has no room', () => {
    const parent = createCallBudget({ maxTokens: 100 })
    const child = createCallBudget({ maxCalls: 1 }, parent)
    expect(() => child.reserve(expecting(200))).toThrow('budget.max_tokens')
    child.reserve(expecting(60))(row({ tokens: 50, costUsd: null }))
    expect(parent.left.tokens).toBe(50)
    expect(child.left).toMatchObject({ calls: 0, tokens: 50 })
  })

  it('takes a call of unknown cost or usage for a call only', () => {
    const budget = createCallBudget({ maxCalls: 9, maxTokens: 100, maxCostUsd: 1 })
    budget.reserve(expecting(100, 1))(row({ tokens: null, costUsd: null }))
    expect(budget.left).toEqual({ calls: 8, tokens: 100, costUsd: 1 })
  })

  it('does not reckon what a call will take where nothing is limited', () => {
    const budget = createCallBudget({}, createCallBudget({}))
    budget.reserve(() => {
      throw new Error('was asked')
    })(row({ tokens: 5, costUsd: 1 }))
    expect(budget.left).toEqual({ calls: Infinity, tokens: Infinity, costUsd: Infinity })
  })
})
