/** Whether the gateway takes on another request, and what its health says. */
import { OverloadError, ShutdownError } from '../../chat/errors.ts'
import type { InFlight } from './in-flight.ts'
import type { LoadWatch } from './load-watch.ts'

export type Readiness = 'ok' | 'draining' | 'overloaded'

export interface AdmissionOptions {
  readonly inFlight: InFlight
  readonly load: LoadWatch
  readonly maxInFlight: number
  /** Why nothing is taken on for another reason; null where there is none. */
  readonly complaint?: () => string | null
}

export class Admission {
  readonly #inFlight: InFlight
  readonly #load: LoadWatch
  readonly #maxInFlight: number
  readonly #ownComplaint: () => string | null
  #isDraining = false

  constructor({ inFlight, load, maxInFlight, complaint = () => null }: AdmissionOptions) {
    this.#inFlight = inFlight
    this.#load = load
    this.#maxInFlight = maxInFlight
    this.#ownComplaint = complaint
  }

  /** From now on nothing is taken on. */
  drain(): void {
    this.#isDraining = true
  }

  get readiness(): Readiness {
    if (this.#isDraining) return 'draining'
    return this.#complaint === null ? 'ok' : 'overloaded'
  }

  /** Why nothing is taken on; null where it is. */
  get refusal(): ShutdownError | OverloadError | null {
    if (this.#isDraining) return new ShutdownError()
    const complaint = this.#complaint
    return complaint === null ? null : new OverloadError(complaint)
  }

  /** @throws ShutdownError, OverloadError */
  require(): void {
    const { refusal } = this
    if (refusal) throw refusal
  }

  get #complaint(): string | null {
    const isFull = this.#inFlight.size >= this.#maxInFlight
    if (isFull) return `serves ${this.#maxInFlight} requests already, which is server.max_in_flight`
    return this.#load.complaint ?? this.#ownComplaint()
  }
}
