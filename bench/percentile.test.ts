import { describe, expect, it } from 'vitest'
import { percentileOf } from './percentile.ts'

describe('percentileOf', () => {
  it('is the value that so many of all do not exceed, whatever their order', () => {
    const values = Array.from({ length: 200 }, (_, index) => 200 - index)
    expect([percentileOf(values, 0.5), percentileOf(values, 0.99), percentileOf(values, 1)]).toEqual([100, 198, 200])
  })

  it('is the largest of few', () => {
    expect(percentileOf([3, 1, 2], 0.99)).toBe(3)
  })

  it('is the least where nothing is asked of it', () => {
    expect(percentileOf([3, 1, 2], 0)).toBe(1)
  })

  it('refuses none', () => {
    expect(() => percentileOf([], 0.5)).toThrow(RangeError)
  })
})
