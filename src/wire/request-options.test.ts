import { describe, expect, it } from 'vitest'
import { parseRequestOptions } from './request-options.ts'

describe('parseRequestOptions', () => {
  it('reads what a request may change', () => {
    const budget = { max_calls: 4, max_tokens: 5000, max_cost_usd: 0.01, on_budget: 'refuse' }
    const changes = {
      mixture: 'm',
      workers: ['a', 'b'],
      aggregate: 'c',
      strategy: 'vote',
      quorum: 2,
      include: ['usage'],
    }
    expect(parseRequestOptions({ ...changes, budget })).toEqual({
      ...changes,
      budget: { maxCalls: 4, maxTokens: 5000, maxCostUsd: 0.01, onBudget: 'refuse' },
    })
    expect(parseRequestOptions({ budget: { max_calls: 1 } })).toEqual({ budget: { maxCalls: 1 } })
    expect(parseRequestOptions({})).toEqual({})
  })

  it.each([
    [3, 'mollmr'],
    [null, 'mollmr'],
    [[], 'mollmr'],
    [{ quorom: 2 }, 'mollmr.quorom'],
    [{ toString: 2 }, 'mollmr.toString'],
    [{ mixture: '' }, 'mollmr.mixture'],
    [{ workers: 'a' }, 'mollmr.workers'],
    [{ workers: [] }, 'mollmr.workers'],
    [{ workers: ['a', 1] }, 'mollmr.workers'],
    [{ aggregate: 1 }, 'mollmr.aggregate'],
    [{ strategy: null }, 'mollmr.strategy'],
    [{ quorum: 1.5 }, 'mollmr.quorum'],
    [{ include: ['all'] }, 'mollmr.include'],
    [{ include: 'usage' }, 'mollmr.include'],
    [{ progress: 'loud' }, 'mollmr.progress'],
    [{ budget: 3 }, 'mollmr.budget'],
    [{ budget: { max_call: 3 } }, 'mollmr.budget.max_call'],
    [{ budget: { max_calls: 0 } }, 'mollmr.budget.max_calls'],
    [{ budget: { max_tokens: '1' } }, 'mollmr.budget.max_tokens'],
    [{ budget: { max_cost_usd: 0 } }, 'mollmr.budget.max_cost_usd'],
    [{ budget: { on_budget: 'ask' } }, 'mollmr.budget.on_budget'],
  ])('names what cannot be meant in %j: %s', (written, param) => {
    expect(() => parseRequestOptions(written)).toThrow(expect.objectContaining({ code: 'invalid_request', param }))
  })
})
