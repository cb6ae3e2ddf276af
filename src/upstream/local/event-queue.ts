import type { ChatEvent } from '../../chat/chat-event.ts'
import { throwIfAborted } from '../../chat/link-abort.ts'

/** Events from someone who cannot be interrupted, for a reader who can: an abort of `signal` ends the reading at once. */
export class EventQueue implements AsyncIterable<ChatEvent> {
  readonly #signal: AbortSignal
  readonly #events: ChatEvent[] = []
  #ended: { readonly error?: unknown } | undefined
  #wake: () => void = () => undefined

  constructor(signal: AbortSignal) {
    this.#signal = signal
    signal.addEventListener('abort', () => {
      this.#wake()
    })
  }

  push(event: ChatEvent): void {
    this.#events.push(event)
    this.#wake()
  }

  /** No more events; the reader gets `error` where there is one. */
  end(ended: { readonly error?: unknown } = {}): void {
    this.#ended ??= ended
    this.#wake()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ChatEvent> {
    for (;;) {
      throwIfAborted(this.#signal)
      const next = this.#events.shift()
      if (next) yield next
      else if (!this.#ended) await new Promise<void>((resolve) => (this.#wake = resolve))
      else if ('error' in this.#ended) throw this.#ended.error
      else return
    }
  }
}
