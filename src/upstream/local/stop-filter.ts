/** Passes a text on until a stop text comes; what may be the beginning of one is held back. */
export class StopFilter {
  readonly #stops: readonly string[]
  readonly #pass: (text: string) => void
  #held = ''
  #isStopped = false

  constructor(stops: readonly string[], pass: (text: string) => void) {
    this.#stops = stops.filter((stop) => stop !== '')
    this.#pass = pass
  }

  get isStopped(): boolean {
    return this.#isStopped
  }

  push(text: string): void {
    if (this.#isStopped) return
    const seen = this.#held + text
    const ends = this.#stops.map((stop) => seen.indexOf(stop)).filter((at) => at >= 0)
    this.#isStopped = ends.length > 0
    this.#split(seen, this.#isStopped ? Math.min(...ends) : seen.length - this.#beginningAtEndOf(seen))
    if (this.#isStopped) this.#held = ''
  }

  /** Passes on what was held back: no stop text has come of it. */
  flush(): void {
    this.#split(this.#held, this.#held.length)
  }

  #split(text: string, at: number): void {
    this.#held = text.slice(at)
    if (at > 0) this.#pass(text.slice(0, at))
  }

  /** How many characters at the end could become a stop text. */
  #beginningAtEndOf(text: string): number {
    const longest = Math.max(0, ...this.#stops.map((stop) => stop.length - 1))
    for (let length = Math.min(longest, text.length); length > 0; length -= 1) {
      const end = text.slice(-length)
      if (this.#stops.some((stop) => stop.startsWith(end))) return length
    }
    return 0
  }
}
