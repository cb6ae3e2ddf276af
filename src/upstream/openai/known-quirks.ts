import type { ChatRequest } from '../../chat/chat-request.ts'
import { Refusal } from '../http/failure.ts'
import { type Quirk, quirkIn, quirkNamed } from './quirks.ts'

/** The quirks of one model on one server: those that are told, and those that its refusals have taught. */
export class KnownQuirks {
  #known: readonly Quirk[]

  constructor(names: readonly string[]) {
    this.#known = names.flatMap((name) => quirkNamed(name) ?? [])
  }

  /**
   * The request as the server takes it; the same one, with the client's own text, where no quirk touches it.
   *
   * @param trial quirks that are only supposed so far
   */
  adapt(request: ChatRequest, trial: readonly Quirk[]): ChatRequest {
    if (this.#known.length === 0 && trial.length === 0) return request
    const body = [...this.#known, ...trial].reduce((adapted, quirk) => quirk.adapt(adapted), request.body)
    return body === request.body ? request : { body, options: request.options, caller: request.caller }
  }

  /** Remembers quirks that have proven true: the server took the request. */
  keep(trial: readonly Quirk[]): void {
    const names = new Set(this.#known.map(({ name }) => name))
    const learned = trial.filter(({ name }) => !names.has(name))
    if (learned.length > 0) this.#known = [...this.#known, ...learned]
  }
}

/** The quirk for which `sent` was refused; null where the error tells of none that is worth a try. */
export function quirkOfRefusal(error: unknown, sent: ChatRequest): Quirk | null {
  const refusal = error instanceof Error ? error.cause : undefined
  return refusal instanceof Refusal ? quirkIn(refusal.text, sent.body) : null
}
