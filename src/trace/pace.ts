import type { LedgerRow } from '../chat/call-context.ts'

/** How much the latest call counts against all before it. */
const weightOfLatest = 0.3

/** How fast a model has been of late, so that it can be said how long a call will take. */
export class Pace {
  #firstContentMs: number | null = null
  #msPerToken: number | null = null

  /** Takes in a call that has ended; one that failed or said nothing tells nothing. */
  add({ outcome, usage, firstContentMs, totalMs }: LedgerRow): void {
    if (outcome !== 'ok' || firstContentMs === null || !usage || usage.completionTokens === 0) return
    this.#firstContentMs = mean(this.#firstContentMs, firstContentMs)
    this.#msPerToken = mean(this.#msPerToken, (totalMs - firstContentMs) / usage.completionTokens)
  }

  /** For an answer of so many tokens; null before the first call. */
  expectedMs(completionTokens: number): number | null {
    if (this.#firstContentMs === null || this.#msPerToken === null) return null
    return Math.round(this.#firstContentMs + completionTokens * this.#msPerToken)
  }
}

function mean(before: number | null, latest: number): number {
  return before === null ? latest : before + weightOfLatest * (latest - before)
}
