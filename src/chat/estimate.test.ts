import { describe, expect, it } from 'vitest'
import { createModelCard } from './chat-model.ts'
import type { ChatBody } from './chat-request.ts'
import { estimateTokens } from './estimate-tokens.ts'
import { atOnce, describeEstimate, estimateCall, expectedAnswerTokens, inTurn } from './estimate.ts'

const priced = createModelCard({ kind: 'model', ownedBy: 'up', price: { input: 1, output: 10 } })
const unpriced = createModelCard({ kind: 'model', ownedBy: 'up' })

function callOf(body: Partial<ChatBody> = {}, card = priced): Parameters<typeof estimateCall>[0] {
  return {
    id: 'm',
    card,
    body: { model: 'm', messages: [{ role: 'user', content: '123 456 789 123 456' }], ...body },
  }
}

describe('estimateCall', () => {
  it('expects the limit that the request sets, else a page', () => {
    expect(estimateCall(callOf({ max_tokens: 7 }))).toMatchObject({ promptTokens: 5, completionTokens: 7 })
    expect(estimateCall(callOf({ max_completion_tokens: 9, max_tokens: 7 })).completionTokens).toBe(9)
    for (const unset of [undefined, null, 0, -1])
      expect(estimateCall(callOf(unset === undefined ? {} : { max_tokens: unset })).completionTokens).toBe(
        expectedAnswerTokens,
      )
  })

  it('expects each of n answers', () => {
    expect(estimateCall(callOf({ max_tokens: 7, n: 3 })).completionTokens).toBe(21)
  })

  it('counts tools and what comes to the prompt later', () => {
    const tools = [{ type: 'function' }]
    const { promptTokens } = estimateCall({ ...callOf({ tools }), addedTokens: 100 })
    expect(promptTokens).toBe(5 + estimateTokens(JSON.stringify(tools)) + 100)
  })

  it('prices the call, and names a model whose price is unknown', () => {
    expect(estimateCall(callOf({ max_tokens: 100 }))).toMatchObject({ knownCostUsd: 0.001005, unpriced: [] })
    expect(estimateCall(callOf({}, unpriced))).toMatchObject({ knownCostUsd: 0, unpriced: ['m'] })
  })
})

describe('atOnce and inTurn', () => {
  const quick = { ...estimateCall(callOf({ max_tokens: 10 })), ms: 100 }
  const slow = { ...estimateCall(callOf({ max_tokens: 20 }, unpriced)), ms: 300 }

  it('sum what is spent', () => {
    for (const join of [atOnce, inTurn])
      expect(join([quick, slow, slow])).toMatchObject({
        calls: 3,
        promptTokens: 15,
        completionTokens: 50,
        knownCostUsd: quick.knownCostUsd,
        unpriced: ['m'],
      })
  })

  it('are told with what suffices, where that is fewer calls', () => {
    const price = ' (the price of m is not known)'
    expect(describeEstimate(inTurn([slow, slow]))).toBe(`2 calls, 50 tokens and an unknown cost${price}`)
    const least = { calls: 1, tokens: 12, costUsd: 0.5 }
    expect(describeEstimate({ ...inTurn([quick, quick]), least })).toBe(
      '2 calls, 30 tokens and 0.00021 USD; 1 call, 12 tokens and 0.5 USD where drafts agree',
    )
  })

  it('take the longest, or all one after the other; unknown where one is', () => {
    expect(atOnce([quick, slow]).ms).toBe(300)
    expect(inTurn([quick, slow]).ms).toBe(400)
    expect(atOnce([quick, { ...slow, ms: null }]).ms).toBeNull()
  })
})
