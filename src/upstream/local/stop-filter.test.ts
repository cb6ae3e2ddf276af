import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { StopFilter } from './stop-filter.ts'

function passed(pieces: readonly string[], stops: readonly string[]): { text: string; isStopped: boolean } {
  let text = ''
  const filter = new StopFilter(stops, (piece) => (text += piece))
  for (const piece of pieces) filter.push(piece)
  filter.flush()
  return { text, isStopped: filter.isStopped }
}

describe('StopFilter', () => {
  it('passes everything on where nothing stops it', () => {
    expect(passed(['one ', 'two'], ['three'])).toEqual({ text: 'one two', isStopped: false })
    expect(passed(['one ', 'two'], [''])).toEqual({ text: 'one two', isStopped: false })
  })

  it('ends before a stop text that comes in pieces', () => {
    expect(passed(['before <e', 'nd> after'], ['<end>'])).toEqual({ text: 'before ', isStopped: true })
  })

  it('gives back what only began like a stop text', () => {
    expect(passed(['a <en', 'ough'], ['<end>'])).toEqual({ text: 'a <enough', isStopped: false })
    expect(passed(['a <en'], ['<end>'])).toEqual({ text: 'a <en', isStopped: false })
  })

  it('does the same however a text is cut', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 20 })
    const stop = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 2, maxLength: 4 })
    fc.assert(
      fc.property(fc.array(letters), fc.array(stop, { maxLength: 2 }), (pieces, stops) => {
        const text = pieces.join('')
        const ends = stops.map((one) => text.indexOf(one)).filter((at) => at >= 0)
        const expected = ends.length > 0
        const { text: seen, isStopped } = passed(pieces, stops)
        expect(isStopped).toBe(expected)
        expect(text.startsWith(seen)).toBe(true)
        expect(stops.some((one) => seen.includes(one))).toBe(false)
        if (!expected) expect(seen).toBe(text)
      }),
    )
  })
})
