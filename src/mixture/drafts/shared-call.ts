/**
 * One call to a worker, for as many identical requests as wait for it. It ends upstream when the last of them has left,
 * and what it costs stands in the trace of one that still waits.
 */
import type { CallContext, LedgerRow, Span, SpanAttributes, Stage } from '../../chat/call-context.ts'
import type { ChatEvent } from '../../chat/chat-event.ts'
import { type Answer, AnswerFold } from '../../chat/collect-answer.ts'
import type { HeldText } from '../../chat/held-text.ts'
import { abortErrorOf } from '../../chat/link-abort.ts'
import type { UsageTotal } from '../../chat/usage.ts'

/** A request that waits for a call. Its signal says when it does so no longer. */
export interface Waiter {
  /** Of the call, in the trace of this request. */
  readonly span: Span
  readonly signal: AbortSignal
}

/** What the call itself is made with. */
type CallParts = Pick<CallContext, 'span' | 'signal' | 'startOver'>

export class SharedCall {
  #said = new AnswerFold()
  readonly #abort = new AbortController()
  readonly #starter: Waiter
  /** Whoever waits longest comes first; the last to leave stays, for the row of the call that it ended. */
  readonly #waiters: Waiter[]
  readonly #ended: Promise<void>

  constructor(ask: (parts: CallParts) => AsyncIterable<ChatEvent>, starter: Waiter) {
    this.#starter = starter
    this.#waiters = [starter]
    this.#ended = this.#listen(ask)
  }

  /** What the worker has said so far. */
  get text(): string {
    return this.#said.text
  }

  /** True for a request that is sent again, or where the one that began this call has left: nobody else meant to share. */
  canBeJoined(isRetry: boolean): boolean {
    return !this.#abort.signal.aborted && (isRetry || this.#waiters[0] !== this.#starter)
  }

  join(waiter: Waiter): void {
    this.#waiters.push(waiter)
  }

  /** The answer, for one of those that wait. Rejects as the call does, or with the signal's reason when `waiter` leaves. */
  answerFor(waiter: Waiter): Promise<Answer> {
    const { signal } = waiter
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        if (this.#waiters.length === 1) {
          this.#abort.abort(signal.reason)
          return
        }
        this.#waiters.splice(this.#waiters.indexOf(waiter), 1)
        reject(abortErrorOf(signal))
      }
      if (signal.aborted) leave()
      else signal.addEventListener('abort', leave, { once: true })
      const tell = (): void => {
        resolve(this.#said.answer())
      }
      void this.#ended
        .then(tell)
        .catch(reject)
        .finally(() => {
          signal.removeEventListener('abort', leave)
        })
    })
  }

  /** Calls `run` when the call has ended, however it did. */
  whenEnded(run: () => void): void {
    this.#ended.then(run, run)
  }

  async #listen(ask: (parts: CallParts) => AsyncIterable<ChatEvent>): Promise<void> {
    const span = new SharedSpan(this.#waiters)
    const parts = {
      span,
      signal: this.#abort.signal,
      // Nobody is shown a draft before it is whole.
      startOver: () => {
        this.#said = new AnswerFold()
      },
    }
    for await (const event of ask(parts)) {
      this.#said.add(event)
      const piece = event.type === 'chunk' ? event.chunk.choices[0]?.delta.content : null
      if (piece) span.say(piece)
    }
  }
}

/** Says to all who wait what the call says of itself, and has one of them pay. Each of them ends its own span. */
class SharedSpan implements Span {
  readonly stage = 'worker'
  readonly #waiters: readonly Waiter[]

  constructor(waiters: readonly Waiter[]) {
    this.#waiters = waiters
  }

  child(stage: Stage, name: string, attributes?: SpanAttributes): Span {
    return this.#first().child(stage, name, attributes)
  }

  set(attributes: SpanAttributes): void {
    for (const { span } of this.#waiters) span.set(attributes)
  }

  note(event: string, attributes?: SpanAttributes): void {
    for (const { span } of this.#waiters) span.note(event, attributes)
  }

  say(piece: string): void {
    for (const { span } of this.#waiters) span.say(piece)
  }

  draft(text: HeldText): void {
    this.#first().draft(text)
  }

  record(call: Omit<LedgerRow, 'step' | 'attempt'>): LedgerRow {
    return this.#first().record(call)
  }

  end(): void {
    // Each waiter does.
  }

  total(): UsageTotal {
    return this.#first().total()
  }

  #first(): Span {
    const [waiter] = this.#waiters
    if (!waiter) throw new TypeError('A call that nobody has waited for was not made.')
    return waiter.span
  }
}
