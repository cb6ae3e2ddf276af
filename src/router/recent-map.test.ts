import { describe, expect, it } from 'vitest'
import { RecentMap } from './recent-map.ts'

describe('RecentMap', () => {
  it('forgets the entry that was used longest ago', () => {
    const map = new RecentMap<number>(2)
    map.set('a', 1)
    map.set('b', 2)
    map.get('a')
    map.set('c', 3)
    expect([map.get('a'), map.get('b'), map.get('c')]).toEqual([1, undefined, 3])
  })

  it('does not count a peek as a use', () => {
    const map = new RecentMap<number>(2)
    map.set('a', 1)
    map.set('b', 2)
    expect(map.peek('a')).toBe(1)
    map.set('c', 3)
    expect([map.peek('a'), map.peek('b')]).toEqual([undefined, 2])
  })

  it('never grows over its capacity', () => {
    const map = new RecentMap<number>(3)
    for (let index = 0; index < 100; index += 1) map.set(`key ${index}`, index)
    expect(map.size).toBe(3)
  })

  it('replaces a value without forgetting another', () => {
    const map = new RecentMap<string>(2)
    map.set('a', 'old')
    map.set('b', 'kept')
    map.set('a', 'new')
    expect([map.get('a'), map.get('b')]).toEqual(['new', 'kept'])
  })

  it('deletes', () => {
    const map = new RecentMap<string>(2)
    map.set('a', 'x')
    map.delete('a')
    expect(map.get('a')).toBeUndefined()
  })
})
