import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { holdText } from '../../chat/held-text.ts'
import { type KeptDraft, StageCache } from './stage-cache.ts'

const draft = (text: string): KeptDraft => ({
  worker: 'a',
  text: holdText(text),
  toolCalls: [],
  flag: null,
  usage: null,
})
const minute = { nowMs: 0, forMs: 60_000 }

describe('a kept draft', () => {
  it('is there until its time is over', () => {
    const cache = new StageCache()
    cache.keep('k', [draft('A.')], { nowMs: 1000, forMs: 500 })
    expect(cache.recall('k', 1499)).toEqual([draft('A.')])
    expect(cache.recall('k', 1500)).toBeNull()
    expect(cache.recall('k', 1499)).toBeNull()
    expect(cache.recall('other', 1000)).toBeNull()
  })

  it('is replaced by what is kept later', () => {
    const cache = new StageCache()
    cache.keep('k', [draft('A.')], minute)
    cache.keep('k', [draft('B.')], minute)
    expect(cache.recall('k', 0)).toEqual([draft('B.')])
  })

  it('goes first where it was used longest ago', () => {
    const cache = new StageCache({ maxEntries: 2, maxBytes: 1e6 })
    cache.keep('a', [draft('A.')], minute)
    cache.keep('b', [draft('B.')], minute)
    cache.recall('a', 0)
    cache.keep('c', [draft('C.')], minute)
    expect(['a', 'b', 'c'].filter((key) => cache.recall(key, 0))).toEqual(['a', 'c'])
  })

  it('goes where there is no room for its text, and takes nothing else with it', () => {
    const cache = new StageCache({ maxEntries: 10, maxBytes: 5000 })
    cache.keep('small', [draft('A.')], minute)
    cache.keep('large', [draft('B'.repeat(5000))], minute)
    cache.keep('next', [draft('C.')], minute)
    expect(cache.recall('large', 0)).toBeNull()
    expect(cache.recall('next', 0)).not.toBeNull()
  })

  it('is not kept by a cache of no size', () => {
    const cache = new StageCache({ maxEntries: 0, maxBytes: 0 })
    cache.keep('k', [draft('A.')], minute)
    expect(cache.recall('k', 0)).toBeNull()
  })

  it('is the one last kept under its key or none, and never one too many, whatever happens', () => {
    const step = fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd'), length: fc.nat(300), keeps: fc.boolean() })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const cache = new StageCache({ maxEntries: 3, maxBytes: 3000 })
        const last = new Map<string, string>()
        for (const [nowMs, { key, length, keeps }] of steps.entries()) {
          const text = `${nowMs}`.padEnd(length)
          if (keeps) cache.keep(key, [draft(text)], { nowMs, forMs: 10 })
          if (keeps) last.set(key, text)
          const found = cache.recall(key, nowMs)
          if (found) expect(found).toEqual([draft(last.get(key) ?? '')])
          expect(['a', 'b', 'c', 'd'].filter((each) => cache.recall(each, nowMs)).length).toBeLessThanOrEqual(3)
        }
      }),
    )
  })
})
