import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { seedOf, shuffled } from './shuffle.ts'

describe('shuffled', () => {
  it('keeps every item once', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.nat(), (items, seed) => {
        expect(shuffled(items, seed).toSorted()).toEqual(items.toSorted())
      }),
    )
  })

  it('gives the same order for the same seed', () => {
    expect(shuffled([1, 2, 3, 4, 5], 7)).toEqual(shuffled([1, 2, 3, 4, 5], 7))
  })

  it('puts each of three items first about as often over many requests', () => {
    const firsts = Array.from({ length: 3000 }, (_, n) => shuffled(['a', 'b', 'c'], seedOf([`question ${n}`]))[0])
    for (const item of ['a', 'b', 'c']) {
      const share = firsts.filter((first) => first === item).length / firsts.length
      expect(share).toBeGreaterThan(0.3)
      expect(share).toBeLessThan(0.37)
    }
  })
})

describe('seedOf', () => {
  it('depends on every part and on where one ends', () => {
    const seeds = [seedOf(['ab', 'c']), seedOf(['a', 'bc']), seedOf(['ab', 'd']), seedOf(['ab'])]
    expect(new Set(seeds).size).toBe(4)
    expect(seedOf(['ab', 'c'])).toBe(seeds[0])
  })
})
