import { expect, it } from 'vitest'
import { FakeClock } from '../testing/fake-clock.ts'
import { MemoryKeyBudgets } from './key-budgets.ts'

const call = { calls: 1, tokens: 10, costUsd: 0.1 }

it('counts what all requests of a key spend in a day, and begins anew on the next', async () => {
  const clock = new FakeClock()
  const budgets = new MemoryKeyBudgets(clock)
  const limits = { maxCalls: 2 }
  budgets.budgetOf('alice', limits).reserve(() => call)
  budgets.budgetOf('alice', limits).reserve(() => call)
  expect(() => budgets.budgetOf('alice', limits).reserve(() => call)).toThrow('has no room')
  expect(budgets.budgetOf('bob', limits).left.calls).toBe(2)
  await clock.advance(24 * 60 * 60 * 1000)
  expect(budgets.budgetOf('alice', limits).left.calls).toBe(2)
})
