import type { Trace } from '../trace/trace.ts'

/** The latest traces, in memory, by request id. The oldest makes room. */
export class TraceShelf {
  readonly #traces = new Map<string, Trace>()
  readonly #capacity: number

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  keep(trace: Trace): void {
    this.#traces.set(trace.id, trace)
    if (this.#traces.size <= this.#capacity) return
    const [oldest] = this.#traces.keys()
    if (oldest !== undefined) this.#traces.delete(oldest)
  }

  find(id: string): Trace | undefined {
    return this.#traces.get(id)
  }
}
