/** Whether the process keeps up: how late its timers run, and how much of its memory it uses. */
import type { Clock } from '../../chat/clock.ts'

const everyMs = 50
/** Five seconds. */
const kept = 100
const lateMs = 200
const fullShare = 0.85
const ticksBetweenMemory = 20

export class LoadWatch {
  readonly #clock: Clock
  readonly #memoryShare: () => number
  /** How late the last ticks were, in turn. */
  readonly #delaysMs: number[] = []
  #tick = 0
  #lateTicks = 0
  #isFull = false
  #cancel: (() => void) | undefined

  /** @param memoryShare what is used of the memory that the process may use, 0 to 1 */
  constructor(clock: Clock, memoryShare: () => number) {
    this.#clock = clock
    this.#memoryShare = memoryShare
  }

  /** Why no more should be taken on; null where there is room. More than a hundredth of late ticks is a p99 of 200 ms. */
  get complaint(): string | null {
    if (this.#lateTicks * 100 > kept) return 'cannot keep up'
    return this.#isFull ? 'is short of memory' : null
  }

  /** The 99th percentile of how late timers ran, of the last 5 s. */
  get delayMs(): number {
    const sorted = this.#delaysMs.toSorted((a, b) => a - b)
    return sorted[Math.floor(sorted.length * 0.99)] ?? 0
  }

  start(): void {
    const dueMs = this.#clock.now() + everyMs
    this.#cancel = this.#clock.after(everyMs, () => {
      this.#see(Math.max(0, this.#clock.now() - dueMs))
      this.start()
    })
  }

  stop(): void {
    this.#cancel?.()
  }

  #see(delayMs: number): void {
    const place = this.#tick % kept
    if ((this.#delaysMs[place] ?? 0) > lateMs) this.#lateTicks -= 1
    if (delayMs > lateMs) this.#lateTicks += 1
    this.#delaysMs[place] = delayMs
    if (this.#tick % ticksBetweenMemory === 0) this.#isFull = this.#memoryShare() > fullShare
    this.#tick += 1
  }
}
