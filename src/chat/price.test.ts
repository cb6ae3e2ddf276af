import { describe, expect, it } from 'vitest'
import { costOf } from './price.ts'

describe('costOf', () => {
  const usage = { promptTokens: 1_000_000, completionTokens: 1_000_000, cachedTokens: 500_000, reasoningTokens: 0 }

  it('charges cached tokens at their own price', () => {
    expect(costOf(usage, { input: 2, output: 10, cachedInput: 0.2 })).toBeCloseTo(1 + 0.1 + 10)
  })

  it('charges cached tokens like any other where they have no price', () => {
    expect(costOf(usage, { input: 2, output: 10 })).toBeCloseTo(12)
  })

  it('does not take unknown for 0', () => {
    expect(costOf(usage, undefined)).toBeNull()
    expect(costOf(null, { input: 1, output: 1 })).toBeNull()
  })
})
