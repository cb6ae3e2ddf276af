import type { Clock } from '../chat/clock.ts'

interface Alarm {
  readonly atMs: number
  readonly run: () => void
}

/** A clock that stands still until a test moves it. */
export class FakeClock implements Clock {
  #nowMs = 0
  readonly #alarms = new Set<Alarm>()

  now(): number {
    return this.#nowMs
  }

  wallTime(): number {
    return 1_700_000_000_000 + this.#nowMs
  }

  after(delayMs: number, run: () => void): () => void {
    const alarm = { atMs: this.#nowMs + delayMs, run }
    this.#alarms.add(alarm)
    return () => this.#alarms.delete(alarm)
  }

  /** How many alarms are set: a test that ends with any has leaked one. */
  get pending(): number {
    return this.#alarms.size
  }

  /** Moves time on, ringing every alarm at its moment and letting promises run in between. */
  async advance(byMs: number): Promise<void> {
    const endMs = this.#nowMs + byMs
    await settlePromises()
    for (let next = this.#next(endMs); next; next = this.#next(endMs)) {
      this.#alarms.delete(next)
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      next.run()
      await settlePromises()
    }
    this.#nowMs = endMs
  }

  #next(endMs: number): Alarm | undefined {
    const due = [...this.#alarms].filter((alarm) => alarm.atMs <= endMs)
    return due.sort((a, b) => a.atMs - b.atMs)[0]
  }
}

/** Lets everything run that waits for nothing but promises. */
export async function settlePromises(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}
