import { describe, expect, it } from 'vitest'
import { visibleUsage } from './visible-usage.ts'

/** Three digits are one token. */
const textOf = (tokens: number): string => '123'.repeat(tokens)
const asked = [{ role: 'user', content: textOf(100) }]
const sent = [{ role: 'user', content: textOf(400) }]

describe('the usage that the client sees', () => {
  it('is its own share of what the upstream counted, and the answer', () => {
    const reported = { prompt_tokens: 200, completion_tokens: 30, total_tokens: 230 }
    expect(visibleUsage({ asked, sent, reported, answer: 'x' })).toMatchObject({
      prompt_tokens: 50,
      completion_tokens: 30,
      total_tokens: 80,
    })
  })

  it('never has more cached tokens than prompt tokens, and keeps reasoning tokens', () => {
    const reported = {
      prompt_tokens: 200,
      completion_tokens: 30,
      total_tokens: 230,
      prompt_tokens_details: { cached_tokens: 120 },
      completion_tokens_details: { reasoning_tokens: 20 },
    }
    expect(visibleUsage({ asked, sent, reported, answer: 'x' })).toMatchObject({
      prompt_tokens_details: { cached_tokens: 50 },
      completion_tokens_details: { reasoning_tokens: 20 },
    })
  })

  it('is estimated from the texts where nobody reported', () => {
    expect(visibleUsage({ asked, sent, reported: null, answer: textOf(7) })).toMatchObject({
      prompt_tokens: 100,
      completion_tokens: 7,
    })
  })

  it('is what the upstream counted where nothing was added', () => {
    const reported = { prompt_tokens: 17, completion_tokens: 3, total_tokens: 20 }
    expect(visibleUsage({ asked, sent: asked, reported, answer: 'x' }).prompt_tokens).toBe(17)
    expect(visibleUsage({ asked: [], sent: [], reported, answer: 'x' }).prompt_tokens).toBe(0)
  })

  it('is never nothing for a client that wrote something', () => {
    const reported = { prompt_tokens: 300, completion_tokens: 3, total_tokens: 303 }
    const short = [{ role: 'user', content: 'hi' }]
    const usage = visibleUsage({
      asked: short,
      sent: [...short, ...sent, ...sent],
      reported,
      answer: 'x',
    })
    expect(usage.prompt_tokens).toBe(1)
  })

  it('counts a picture as much as it may weigh', () => {
    const picture = { type: 'image_url', image_url: { url: 'x' } }
    const withPicture = [{ role: 'user', content: [picture] }]
    const reported = { prompt_tokens: 1300, completion_tokens: 1, total_tokens: 1301 }
    const usage = visibleUsage({
      asked: withPicture,
      sent: [...withPicture, { role: 'user', content: textOf(300) }],
      reported,
      answer: 'x',
    })
    expect(usage.prompt_tokens).toBe(1000)
  })
})
