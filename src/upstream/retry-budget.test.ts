import { expect, it } from 'vitest'
import { RetryBudget } from './retry-budget.ts'

it('allows three second tries in any case, and a fifth of what runs', () => {
  const budget = new RetryBudget()
  const taken = [budget.take(), budget.take(), budget.take()]
  expect(taken).not.toContain(null)
  expect(budget.take()).toBeNull()
  taken[0]?.()
  expect(budget.take()).not.toBeNull()
  const leaves = Array.from({ length: 20 }, () => budget.enter())
  expect(budget.take()).not.toBeNull()
  expect(budget.take()).toBeNull()
  for (const leave of leaves) leave()
  expect(budget.take()).toBeNull()
})
