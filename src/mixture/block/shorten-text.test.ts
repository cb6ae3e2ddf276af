import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { piecesOf, shortenText } from './shorten-text.ts'

const text = fc.string({ unit: 'grapheme', maxLength: 400 })
const family = '👨‍👩‍👧‍👦'

describe('shortenText', () => {
  it('leaves a text that fits as it is', () => {
    expect(shortenText('short', 5)).toBe('short')
  })

  it('keeps head and tail and says how much is gone', () => {
    const short = shortenText('a'.repeat(600) + 'b'.repeat(600), 240)
    expect(short).toMatch(/^a+\n\[… \d+ characters left out …\]\nb+$/)
    const left = Number(/\d+/.exec(short)?.[0])
    expect(left + short.replace(/\n.*\n/, '').length).toBe(1200)
  })

  it('is never longer than asked, whatever the text', () => {
    fc.assert(fc.property(text, fc.integer({ min: 0, max: 300 }), (long, max) => shortenText(long, max).length <= max))
  })

  it('never cuts inside a character', () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 0, max: 300 }), (long, max) => {
        const [head = '', tail = ''] = shortenText(long, max).split(/\n\[… \d+ characters left out …\]\n/)
        const whole = [...new Intl.Segmenter().segment(long)].map(({ index }) => index).concat(long.length)
        expect(whole).toContain(head.length)
        expect(whole).toContain(long.length - tail.length)
      }),
    )
  })

  it.each(Array.from({ length: family.length + 1 }, (_, offset) => 100 + offset))(
    'keeps a family of four together at a limit of %i',
    (max) => {
      const short = shortenText(family.repeat(40), max)
      expect(short.replaceAll(family, '').replace(/\n.*\n/, '')).toBe('')
    },
  )

  it('cuts a megabyte in no time', () => {
    expect(shortenText('é'.repeat(500_000), 12_000)).toHaveLength(12_000)
  })
})

describe('piecesOf', () => {
  it('gives the whole text again', () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 50 }), (long, size) => piecesOf(long, size).join('') === long),
    )
  })

  it('cuts between characters and near the size', () => {
    const pieces = piecesOf(family.repeat(10), 30)
    expect(pieces.every((piece) => piece.replaceAll(family, '') === '')).toBe(true)
    expect(Math.max(...pieces.map((piece) => piece.length))).toBeLessThan(30 + family.length)
    expect(piecesOf('abcdef', 2)).toEqual(['ab', 'cd', 'ef'])
    expect(piecesOf('', 2)).toEqual([])
  })
})
