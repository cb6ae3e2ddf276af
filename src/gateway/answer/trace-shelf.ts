import type { Trace } from '../../trace/trace.ts'

/** The latest traces, in memory. A ring, because a `Map` that is always added to and deleted from costs a collector dearly. */
export class TraceShelf {
  readonly #traces: Trace[] = []
  readonly #capacity: number
  #next = 0

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  /** The oldest makes room. */
  keep(trace: Trace): void {
    this.#traces[this.#next] = trace
    this.#next = (this.#next + 1) % this.#capacity
  }

  find(id: string): Trace | undefined {
    return this.#traces.find((trace) => trace.id === id)
  }
}
