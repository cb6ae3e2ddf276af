import type { MollmrError } from '../../chat/errors.ts'

interface Place {
  readonly controller: AbortController
  index: number
}

/**
 * The requests that run now, so that a shutdown can cut them. An array whose last entry fills the gap of one that ends:
 * a `Set` makes new tables all the time, and V8 keeps what stood in the old ones until its next full collection.
 */
export class InFlight {
  readonly #places: Place[] = []

  /** Counts a request until the returned function is called. */
  add(controller: AbortController): () => void {
    const place = { controller, index: this.#places.length }
    this.#places.push(place)
    return () => {
      this.#remove(place)
    }
  }

  get size(): number {
    return this.#places.length
  }

  abortAll(reason: MollmrError): void {
    for (const { controller } of this.#places) controller.abort(reason)
  }

  #remove(place: Place): void {
    const last = this.#places.pop()
    if (!last || last === place) return
    last.index = place.index
    this.#places[place.index] = last
  }
}
