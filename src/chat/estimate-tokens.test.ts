import { describe, expect, it } from 'vitest'
import { estimateTokens } from './estimate-tokens.ts'

/** Texts and what o200k_base counts in them (js-tiktoken 1.0). */
const counted: readonly (readonly [tokens: number, text: string])[] = [
  [33, 'Natalia sold 48/2 = 24 clips in May. Altogether, she sold 48 + 24 = 72 clips in April and May.'],
  [18, 'The quick brown fox jumps over the lazy dog, then walks home through the quiet forest.'],
  [25, 'export function fence(text: string): string {\n  return `[${text} begins]\\n${harmless(text)}`\n}\n'],
  [28, '{"role":"user","content":"What is 6 times 7?","temperature":0.7,"stop":["\\n"]}'],
  [20, 'Der schnelle braune Fuchs springt über den faulen Hund und läuft danach durch den Wald.'],
  [26, 'Быстрая коричневая лиса прыгает через ленивую собаку и бежит в лес.'],
  [23, '今天天气很好,我们去公园散步吧。孩子们在草地上玩耍。'],
]

describe('an estimate of tokens', () => {
  it.each(counted)('is within a quarter of the %i that a tokenizer counts in a short text', (tokens, text) => {
    expect(Math.abs(estimateTokens(text) - tokens)).toBeLessThanOrEqual(tokens / 4)
  })

  it('is within a tenth over all of them', () => {
    const [tokens, text] = counted.reduce(([sum, all], [each, more]) => [sum + each, `${all}\n${more}`], [0, ''])
    expect(Math.abs(estimateTokens(text) - tokens) / tokens).toBeLessThan(0.1)
  })

  it('is nothing for nothing, and at least one for anything', () => {
    expect(estimateTokens('')).toBe(0)
    for (const text of ['a', '7', '.', '\n', 'é', '好', '  ']) expect(estimateTokens(text)).toBe(1)
  })

  it('grows with the text', () => {
    expect(estimateTokens('word '.repeat(1000))).toBe(1040)
    expect(estimateTokens('a'.repeat(1009))).toBe(201)
  })
})
