import { describe, expect, it } from 'vitest'
import { FakeClock } from '../testing/fake-clock.ts'
import { returnMemory } from './return-memory.ts'

const mebibyte = 1024 * 1024

/** A process that rests at 100 MiB, and what has been done to it. */
function process(): { residentBytes: number; utilization: number; collections: number } {
  return { residentBytes: 100 * mebibyte, utilization: 0, collections: 0 }
}

function watch(state: ReturnType<typeof process>, clock: FakeClock): () => void {
  return returnMemory(clock, {
    residentBytes: () => state.residentBytes,
    utilization: () => state.utilization,
    collect: () => {
      state.collections += 1
      state.residentBytes = 120 * mebibyte
      return Promise.resolve()
    },
  })
}

describe('memory that is not needed any more', () => {
  it('goes back when the process has grown and rests', async () => {
    const state = process()
    const clock = new FakeClock()
    watch(state, clock)
    state.residentBytes = 400 * mebibyte
    await clock.advance(1000)
    expect(state.collections).toBe(1)
    await clock.advance(60_000)
    expect(state.collections).toBe(1)
  })

  it('stays while there is work to do', async () => {
    const state = { ...process(), utilization: 0.5 }
    const clock = new FakeClock()
    watch(state, clock)
    state.residentBytes = 400 * mebibyte
    await clock.advance(60_000)
    expect(state.collections).toBe(0)
    state.utilization = 0.01
    await clock.advance(1000)
    expect(state.collections).toBe(1)
  })

  it('is not worth a collection where it is little', async () => {
    const state = process()
    const clock = new FakeClock()
    watch(state, clock)
    state.residentBytes = 130 * mebibyte
    await clock.advance(60_000)
    expect(state.collections).toBe(0)
  })

  it('goes back again after the next burst', async () => {
    const state = process()
    const clock = new FakeClock()
    watch(state, clock)
    state.residentBytes = 400 * mebibyte
    await clock.advance(2000)
    state.residentBytes = 400 * mebibyte
    await clock.advance(2000)
    expect(state.collections).toBe(2)
  })

  it('is watched no longer once that is stopped', async () => {
    const state = process()
    const clock = new FakeClock()
    const stop = watch(state, clock)
    stop()
    state.residentBytes = 400 * mebibyte
    await clock.advance(60_000)
    expect(state.collections).toBe(0)
  })
})
