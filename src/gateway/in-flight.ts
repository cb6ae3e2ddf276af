import type { MollmrError } from '../chat/errors.ts'

/** The requests that run now, so that a shutdown can wait for them and, at last, cut them. */
export class InFlight {
  readonly #controllers = new Set<AbortController>()

  get size(): number {
    return this.#controllers.size
  }

  /** Counts a request until the returned function is called. */
  add(controller: AbortController): () => void {
    this.#controllers.add(controller)
    return () => this.#controllers.delete(controller)
  }

  abortAll(reason: MollmrError): void {
    for (const controller of this.#controllers) controller.abort(reason)
  }
}
