import { describe, expect, it, vi } from 'vitest'
import { FakeClock } from '../testing/fake-clock.ts'
import { sleep, systemClock } from './clock.ts'

describe('sleep', () => {
  it('ends after its time', async () => {
    const clock = new FakeClock()
    const slept = sleep(clock, 50, new AbortController().signal).then(() => 'awake')
    await clock.advance(50)
    expect(await slept).toBe('awake')
  })

  it('ends with the reason of an abort and takes its alarm back', async () => {
    const clock = new FakeClock()
    const controller = new AbortController()
    const slept = sleep(clock, 50, controller.signal).catch((error: unknown) => error)
    controller.abort('enough')
    expect(await slept).toBe('enough')
    expect(clock.pending).toBe(0)
  })

  it('does not begin where the signal is aborted already', async () => {
    await expect(sleep(new FakeClock(), 50, AbortSignal.abort('no'))).rejects.toBe('no')
  })
})

describe('systemClock', () => {
  it('rings an alarm once, and never one that was taken back', async () => {
    const rung: string[] = []
    const cancel = systemClock.after(1, () => rung.push('cancelled'))
    cancel()
    await new Promise<void>((resolve) => {
      systemClock.after(2, () => {
        rung.push('kept')
        resolve()
      })
    })
    expect(rung).toEqual(['kept'])
  })

  it.each([-3_600_000, 3_600_000])('does not move where the time of day is set by %d ms, as that does', (byMs) => {
    const [before, wallBefore] = [systemClock.now(), systemClock.wallTime()]
    const setTime = vi.spyOn(Date, 'now').mockReturnValue(wallBefore + byMs)
    const [after, wallAfter] = [systemClock.now(), systemClock.wallTime()]
    setTime.mockRestore()
    expect(wallAfter).toBe(wallBefore + byMs)
    expect(after).toBeGreaterThanOrEqual(before)
    expect(after - before).toBeLessThan(600_000)
    expect(wallBefore).toBeGreaterThan(1_700_000_000_000)
  })
})
