import type { CallContext } from '../../chat/call-context.ts'
import { sleep } from '../../chat/clock.ts'
import { throwIfAborted } from '../../chat/link-abort.ts'

export interface PaceOptions {
  /** Default: 0. */
  readonly firstTokenMs: number
  /** Default: Infinity. */
  readonly tokensPerSecond: number
}

/** Waits as long as a model would think and speak; an abort ends every wait at once. */
export class Pace {
  readonly #options: PaceOptions
  readonly #context: CallContext
  readonly #startMs: number
  #tokens = 0

  constructor(options: PaceOptions, context: CallContext) {
    this.#options = options
    this.#context = context
    this.#startMs = context.clock.now()
  }

  /** Resolves when `count` more tokens are due; with 0, when the first would be. Time that a reader took counts too. */
  async tokens(count: number): Promise<void> {
    const { signal, clock } = this.#context
    const { firstTokenMs, tokensPerSecond } = this.#options
    throwIfAborted(signal)
    this.#tokens += count
    const dueMs = this.#startMs + firstTokenMs + (Math.max(0, this.#tokens - 1) / tokensPerSecond) * 1000
    const waitMs = dueMs - clock.now()
    if (waitMs > 0) await sleep(clock, waitMs, signal)
  }
}
