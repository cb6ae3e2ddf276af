import { describe, expect, it } from 'vitest'
import { TokenText } from './token-text.ts'

/** Tokens that are single bytes of UTF-8. */
const bytes = { detokenize: (tokens: readonly number[]) => Buffer.from(tokens).toString('utf8') }

describe('TokenText', () => {
  it('holds a character of several tokens back until it is whole', () => {
    const text = new TokenText(bytes)
    expect([...Buffer.from('a€é')].map((byte) => text.push(byte))).toEqual(['a', '', '', '€', '', 'é'])
  })

  it('does not hold back for ever what will never be a character', () => {
    const text = new TokenText(bytes)
    const pieces = Array.from({ length: 8 }, () => text.push(0xff))
    expect(pieces.slice(0, 7).join('')).toBe('')
    expect(pieces[7]).toBe('\uFFFD'.repeat(8))
  })

  it('tells the tokenizer what came before', () => {
    const seen: (readonly number[] | undefined)[] = []
    const text = new TokenText({
      detokenize: (tokens, _, before) => {
        seen.push(before)
        return String(tokens)
      },
    })
    for (const token of [1, 2, 3]) text.push(token)
    expect(seen).toEqual([[], [1], [1, 2]])
  })
})
