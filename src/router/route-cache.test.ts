import { describe, expect, it } from 'vitest'
import { CancelledError, errorCodeOf } from '../chat/errors.ts'
import { createSayingModel } from '../testing/fake-model.ts'
import { cacheKeyOf, type CacheKeyParts, type Decision, RouteCache } from './route-cache.ts'

const model = createSayingModel('coder', 'x')
const decision = (isLasting = true): Decision => ({ model, source: 'model', confidence: 0.9, isLasting })
const quiet = (): AbortSignal => new AbortController().signal

/** A decision that a test makes when it likes, and how often it was asked for. */
function slowDecision() {
  const settle = Promise.withResolvers<Decision>()
  let asked = 0
  const decide = (): Promise<Decision> => {
    asked += 1
    return settle.promise
  }
  return { ...settle, decide, asked: () => asked }
}

describe('RouteCache', () => {
  it('decides once and says from then on that it remembered', async () => {
    const cache = new RouteCache()
    let asked = 0
    const decide = (): Promise<Decision> => {
      asked += 1
      return Promise.resolve(decision())
    }
    expect(await cache.share('k', quiet(), decide)).toMatchObject({ source: 'model' })
    expect(await cache.share('k', quiet(), decide)).toMatchObject({ model, source: 'cache', confidence: 0.9 })
    expect(asked).toBe(1)
  })

  it('does not remember a makeshift', async () => {
    const cache = new RouteCache()
    await cache.share('k', quiet(), () => Promise.resolve(decision(false)))
    expect(await cache.share('k', quiet(), () => Promise.resolve(decision()))).toMatchObject({ source: 'model' })
  })

  it('lets requests that come together share one decision', async () => {
    const cache = new RouteCache()
    const slow = slowDecision()
    const first = cache.share('k', quiet(), slow.decide)
    const second = cache.share('k', quiet(), slow.decide)
    slow.resolve(decision())
    expect([(await first).source, (await second).source]).toEqual(['model', 'cache'])
    expect(slow.asked()).toBe(1)
  })

  it('lets the next request decide where the first one is aborted', async () => {
    const cache = new RouteCache()
    const left = slowDecision()
    const first = cache.share('k', quiet(), left.decide).catch(errorCodeOf)
    const second = cache.share('k', quiet(), () => Promise.resolve(decision()))
    left.reject(new CancelledError())
    expect(await first).toBe('client_closed')
    expect(await second).toMatchObject({ source: 'model' })
  })

  it('stops waiting for another request when its own is aborted', async () => {
    const cache = new RouteCache()
    const never = slowDecision()
    void cache.share('k', quiet(), never.decide)
    const controller = new AbortController()
    const waiting = cache.share('k', controller.signal, never.decide).catch(errorCodeOf)
    controller.abort(new CancelledError())
    expect(await waiting).toBe('client_closed')
  })

  it('can decide again after a decision has failed', async () => {
    const cache = new RouteCache()
    await cache.share('k', quiet(), () => Promise.reject(new CancelledError())).catch(() => undefined)
    expect(await cache.share('k', quiet(), () => Promise.resolve(decision()))).toMatchObject({ source: 'model' })
  })
})

describe('cacheKeyOf', () => {
  const parts: CacheKeyParts = {
    caller: 'alice',
    version: '1',
    options: [{ id: 'a', description: 'b' }],
    pool: ['p'],
    tools: false,
    turns: [{ role: 'user', text: 'Hi' }],
  }

  it('is the same for the same parts', () => {
    expect(cacheKeyOf(structuredClone(parts))).toBe(cacheKeyOf(parts))
  })

  it.each<Partial<CacheKeyParts>>([
    { caller: 'bob' },
    { caller: undefined },
    { version: '2' },
    { options: [{ id: 'a', description: 'c' }] },
    { options: [] },
    { pool: [] },
    { tools: true },
    { turns: [{ role: 'assistant', text: 'Hi' }] },
    {
      turns: [
        { role: 'user', text: 'H' },
        { role: 'i', text: '' },
      ],
    },
  ])('is another with %j', (change) => {
    expect(cacheKeyOf({ ...parts, ...change })).not.toBe(cacheKeyOf(parts))
  })
})
