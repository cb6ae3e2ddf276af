/** Whether the process keeps up: how late its timers run, and how much of its memory it uses. */
import type { Clock } from '../chat/clock.ts'

const everyMs = 50
/** Five seconds. */
const kept = 100
const lateMs = 200
const fullShare = 0.85
const ticksBetweenMemory = 20

export class LoadWatch {
  readonly #clock: Clock
  readonly #memoryShare: () => number
  /** Of the last ticks, in turn: was it late? */
  readonly #late: boolean[] = []
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

  start(): void {
    const dueMs = this.#clock.now() + everyMs
    this.#cancel = this.#clock.after(everyMs, () => {
      this.#see(this.#clock.now() - dueMs > lateMs)
      this.start()
    })
  }

  stop(): void {
    this.#cancel?.()
  }

  #see(isLate: boolean): void {
    const place = this.#tick % kept
    if (this.#late[place] === true) this.#lateTicks -= 1
    if (isLate) this.#lateTicks += 1
    this.#late[place] = isLate
    if (this.#tick % ticksBetweenMemory === 0) this.#isFull = this.#memoryShare() > fullShare
    this.#tick += 1
  }
}
