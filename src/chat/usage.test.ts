import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseUsage, wireUsageOf } from './usage.ts'

describe('parseUsage', () => {
  it('reads counts and details', () => {
    const wire = {
      prompt_tokens: 10,
      completion_tokens: 4,
      total_tokens: 14,
      prompt_tokens_details: { cached_tokens: 6 },
      completion_tokens_details: { reasoning_tokens: 3 },
    }
    expect(parseUsage(wire)).toEqual({ promptTokens: 10, completionTokens: 4, cachedTokens: 6, reasoningTokens: 3 })
  })

  it.each([null, undefined, 'x', {}, { prompt_tokens: -1 }, { prompt_tokens: '3' }, { prompt_tokens: 1.5 }])(
    'takes %j for no usage at all',
    (wire) => {
      expect(parseUsage(wire)).toBeNull()
    },
  )

  it('never throws', () => {
    fc.assert(
      fc.property(fc.anything(), (wire) => {
        const usage = parseUsage(wire)
        expect(usage === null || usage.promptTokens >= 0).toBe(true)
      }),
    )
  })

  it('reads back what wireUsageOf writes', () => {
    const usage = { promptTokens: 5, completionTokens: 6, cachedTokens: 1, reasoningTokens: 2 }
    expect(parseUsage(wireUsageOf(usage))).toEqual(usage)
    expect(wireUsageOf(usage).total_tokens).toBe(11)
  })
})
