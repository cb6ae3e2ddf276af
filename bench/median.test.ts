import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { medianOf } from './median.ts'

describe('medianOf', () => {
  it('is the middle of an odd number of values, whatever their order', () => {
    expect(medianOf([9, 1, 5])).toBe(5)
  })

  it('is the mean of the middle two of an even number', () => {
    expect(medianOf([4, 1, 3, 2])).toBe(2.5)
  })

  it('sorts as numbers, not as text', () => {
    expect(medianOf([100, 20, 3])).toBe(20)
  })

  it('leaves the values as they were', () => {
    const values = [3, 1, 2]
    medianOf(values)
    expect(values).toEqual([3, 1, 2])
  })

  it('is NaN where there is nothing', () => {
    expect(medianOf([])).toBeNaN()
  })

  it('is not moved by one wild value among at least three', () => {
    expect(medianOf([10, 11, 12, 1e9])).toBeLessThan(13)
  })

  it('has as many values at or below it as at or above it', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1 }), (values) => {
        const median = medianOf(values)
        const below = values.filter((value) => value <= median).length
        const above = values.filter((value) => value >= median).length
        expect(Math.min(below, above)).toBeGreaterThanOrEqual(values.length / 2)
      }),
    )
  })
})
