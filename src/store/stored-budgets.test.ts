import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { errorCodeOf } from '../chat/errors.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { ledgerRow } from '../testing/ledger-row.ts'
import { openStoredBudgets, type StoredBudgets } from './stored-budgets.ts'

const call = { calls: 1, tokens: 100, costUsd: 0.01 }
const usage = { promptTokens: 20, completionTokens: 10, cachedTokens: 0, reasoningTokens: 0 }
const row = ledgerRow({ stage: 'call', usage, costUsd: 0.004 })
let directory: string
let clock: FakeClock
let errors: unknown[]
let open: StoredBudgets[]

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'mollmr-budgets-'))
  clock = new FakeClock()
  errors = []
  open = []
})

afterEach(() => {
  for (const budgets of open) budgets.close()
  rmSync(directory, { recursive: true, force: true })
})

function replica(): StoredBudgets {
  const budgets = openStoredBudgets(directory, { clock, onError: (error) => errors.push(error) })
  open.push(budgets)
  return budgets
}

describe('what keys spend', () => {
  it('is set aside before a call, and what the call took is put in its place', () => {
    const budget = replica().budgetOf('alice', { maxTokens: 150, maxCostUsd: 1 })
    const settle = budget.reserve(() => call)
    expect(budget.left).toEqual({ calls: Infinity, tokens: 50, costUsd: 0.99 })
    expect(() => budget.reserve(() => call)).toThrow(
      'The key "alice" for today has no room for another call: it needs 100 tokens and has 50',
    )
    settle(row)
    expect(budget.left.tokens).toBe(120)
    expect(budget.left.costUsd).toBeCloseTo(0.996)
  })

  it('is never more than allowed, however many ask at the same time in however many processes', () => {
    const replicas = [replica(), replica(), replica()]
    const outcomes = Array.from({ length: 60 }, (_, index) => {
      const budget = replicas[index % 3]?.budgetOf('alice', { maxCalls: 17 })
      try {
        budget?.reserve(() => call)
        return 'ok'
      } catch (error) {
        return errorCodeOf(error)
      }
    })
    expect(outcomes.filter((outcome) => outcome === 'ok')).toHaveLength(17)
    expect(outcomes.filter((outcome) => outcome === 'budget_exceeded')).toHaveLength(43)
  })

  it('outlives the process, for a day', async () => {
    const before = replica()
    before.budgetOf('alice', { maxCalls: 1 }).reserve(() => call)
    expect(replica().budgetOf('alice', { maxCalls: 1 }).left.calls).toBe(0)
    expect(replica().budgetOf('bob', { maxCalls: 1 }).left.calls).toBe(1)
    await clock.advance(24 * 60 * 60 * 1000)
    expect(replica().budgetOf('alice', { maxCalls: 1 }).left.calls).toBe(1)
  })

  it('refuses the first call already where it alone is too much', () => {
    expect(() =>
      replica()
        .budgetOf('alice', { maxTokens: 99 })
        .reserve(() => call),
    ).toThrow('has no room')
  })

  it('that cannot be written down is no call; what a call took that cannot be, stays as it was set aside', () => {
    const budget = replica().budgetOf('alice', { maxCalls: 5 })
    const settle = budget.reserve(() => call)
    const other = new DatabaseSync(join(directory, 'mollmr.sqlite'))
    other.exec('begin immediate')
    let code = 'ok'
    try {
      budget.reserve(() => call)
    } catch (error) {
      code = errorCodeOf(error)
    }
    settle(row)
    other.exec('rollback')
    other.close()
    expect([code, budget.left.calls, errors.length]).toEqual(['overloaded', 4, 2])
  })
})
