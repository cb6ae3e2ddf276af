const share = 0.2
const alwaysAllowed = 3

/**
 * How many calls to one upstream may be second tries: a fifth of those that run, and three in any case. Where everything
 * fails, retries would otherwise triple what a struggling server has to do.
 */
export class RetryBudget {
  #running = 0
  #retrying = 0

  /** Counts a call until the returned function is called. */
  enter(): () => void {
    this.#running += 1
    return () => {
      this.#running -= 1
    }
  }

  /** Takes room for a second try; null where there is none. The returned function gives it back. */
  take(): (() => void) | null {
    if (this.#retrying >= Math.max(alwaysAllowed, share * this.#running)) return null
    this.#retrying += 1
    return () => {
      this.#retrying -= 1
    }
  }
}
