import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GrowingText, holdText } from './held-text.ts'

const long = 'The mill stands still. '.repeat(1000)

describe('a held text', () => {
  it.each([
    ['nothing', ''],
    ['a short text', 'Hi – 🎈'],
    ['a long text', long],
    ['a long text with characters of every width', `${long}é – 漢 🎈`],
    ['a long text with half a character in it', `${long}\ud83c${long}`],
  ])('reads as it was: %s', (_, text) => {
    const held = holdText(text)
    expect(held.read()).toBe(text)
    expect(held.length).toBe(text.length)
  })

  it('takes hardly more than a byte for a character where a few of them are wide', () => {
    expect(holdText(`${long}–`).bytes).toBe(long.length + 3)
  })
})

describe('a growing text', () => {
  it('reads as its pieces joined, wherever they were cut', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('\ud83c', '\udf88', '–', '', long.slice(0, 5000), long),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 200 }), (pieces) => {
        const growing = new GrowingText()
        for (const each of pieces) growing.add(each)
        expect(growing.read()).toBe(pieces.join(''))
      }),
    )
  })

  it('can be read while it grows', () => {
    const growing = new GrowingText()
    growing.add(long)
    expect(growing.read()).toBe(long)
    growing.add('On.')
    expect(growing.read()).toBe(`${long}On.`)
  })

  it('keeps a character whole whose halves come apart', () => {
    const growing = new GrowingText()
    growing.add(`${long}\ud83c`)
    growing.add(`\udf88${long}`)
    expect(growing.read()).toBe(`${long}🎈${long}`)
  })
})
