import { describe, expect, it } from 'vitest'
import { FakeClock } from '../testing/fake-clock.ts'
import { createCallContext } from './call-context.ts'

describe('createCallContext', () => {
  it('starts its deadline now', async () => {
    const clock = new FakeClock()
    await clock.advance(100)
    expect(createCallContext({ clock, limits: { totalMs: 50 } }).deadline).toEqual({
      firstContentMs: Infinity,
      idleMs: Infinity,
      endsAtMs: 150,
    })
  })
})
