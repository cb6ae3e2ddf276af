import { expect, it } from 'vitest'
import type { Clock } from '../../chat/clock.ts'
import { LoadWatch } from './load-watch.ts'

/** A clock whose alarms ring as late as a test says. */
function createLateClock(): Clock & { ring(lateMs: number): void; readonly isSet: boolean } {
  let [nowMs, alarm] = [0, null as { readonly atMs: number; readonly run: () => void } | null]
  return {
    now: () => nowMs,
    wallTime: () => nowMs,
    after: (delayMs, run) => {
      alarm = { atMs: nowMs + delayMs, run }
      return () => {
        alarm = null
      }
    },
    ring: (lateMs) => {
      if (!alarm) throw new Error('No alarm is set.')
      nowMs = alarm.atMs + lateMs
      alarm.run()
    },
    get isSet() {
      return alarm !== null
    },
  }
}

it('complains when over one in a hundred timers is later than 200 ms, and no longer 5 s after', () => {
  const clock = createLateClock()
  const load = new LoadWatch(clock, () => 0)
  load.start()
  for (const lateMs of [0, 190, 201, 30]) clock.ring(lateMs)
  expect(load.complaint).toBeNull()
  clock.ring(500)
  expect([load.complaint, load.delayMs]).toEqual(['cannot keep up', 500])
  for (let tick = 0; tick < 97; tick += 1) clock.ring(0)
  expect(load.complaint).toBe('cannot keep up')
  clock.ring(0)
  expect(load.complaint).toBeNull()
  load.stop()
  expect(clock.isSet).toBe(false)
})

it('complains while over 85 % of the memory is used', () => {
  const clock = createLateClock()
  let used = 0.86
  const load = new LoadWatch(clock, () => used)
  load.start()
  clock.ring(0)
  expect(load.complaint).toBe('is short of memory')
  used = 0.84
  for (let tick = 0; tick < 20; tick += 1) clock.ring(0)
  expect(load.complaint).toBeNull()
})
