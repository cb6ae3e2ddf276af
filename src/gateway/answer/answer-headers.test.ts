import { describe, expect, it } from 'vitest'
import { answerHeaders, spentHeaders } from './answer-headers.ts'

describe('answerHeaders', () => {
  it('leave out what is not known', () => {
    expect(answerHeaders('r', {})).toEqual({ 'x-request-id': 'r' })
  })

  it('hold any id in characters that a header may have', () => {
    expect(answerHeaders('r', { route: 'größe\n', degraded: '2/3', routeConfidence: 0.5 })).toEqual({
      'x-request-id': 'r',
      'x-mollmr-route': 'gr%C3%B6%C3%9Fe%0A',
      'x-mollmr-degraded': '2/3',
      'x-mollmr-route-confidence': '0.50',
    })
  })
})

describe('spentHeaders', () => {
  const usage = { promptTokens: 1, completionTokens: 1, cachedTokens: 0, reasoningTokens: 0 }
  const spent = (calls: number, costUsd: number | null): Record<string, string> =>
    spentHeaders({ ...usage, calls, costUsd, source: 'reported' })

  it.each([
    [0.0021, '0.0021'],
    [1e-7, '0.0000001'],
    [10, '10'],
    [0, '0'],
    [1.25, '1.25'],
  ])('write %d USD as %s', (usd, text) => {
    expect(spent(3, usd)).toEqual({ 'x-mollmr-attempts': '3', 'x-mollmr-cost-usd': text })
  })

  it('leave out a cost that is not known', () => {
    expect(spent(2, null)).toEqual({ 'x-mollmr-attempts': '2' })
  })
})
