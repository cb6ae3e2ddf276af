/**
 * Streams of events on their way through a wrapper. A generator makes three promises for each event that it hands on, a
 * tap one; on a chain of wrappers that is most of what a chunk costs.
 */
import type { ChatEvent } from './chat-event.ts'
import { CancelledError } from './errors.ts'

/** A stream, and what a wrapper does while it goes by. */
export interface EventTap {
  readonly events: AsyncIterable<ChatEvent>
  /** Before each wait for the next event. */
  readonly wait?: () => void
  /** Sees each event; what it returns goes on in its place. */
  readonly pass?: (event: ChatEvent) => ChatEvent
  /** Once, however the stream ended: `null` at its own end, else why. A reader who leaves is a `CancelledError`. */
  readonly close?: (error: unknown) => void
}

type Next = IteratorResult<ChatEvent, undefined>

const done: Next = { done: true, value: undefined }

/** The events of a tap that `begin` makes when the reader first asks, as a generator would begin. */
export function tapEvents(begin: () => EventTap | Promise<EventTap>): AsyncIterableIterator<ChatEvent, undefined> {
  return new TappedEvents(begin)
}

class TappedEvents implements AsyncIterableIterator<ChatEvent, undefined> {
  readonly #begin: () => EventTap | Promise<EventTap>
  #tap: EventTap | undefined
  #events: AsyncIterator<ChatEvent, undefined> | undefined
  #isClosed = false

  constructor(begin: () => EventTap | Promise<EventTap>) {
    this.#begin = begin
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<Next> {
    if (this.#isClosed) return Promise.resolve(done)
    const events = this.#events
    if (!events) return this.#first()
    this.#tap?.wait?.()
    return events.next().then(this.#pass, this.#fail)
  }

  async return(): Promise<Next> {
    if (this.#isClosed) return done
    try {
      await this.#events?.return?.()
    } finally {
      this.#close(new CancelledError())
    }
    return done
  }

  async #first(): Promise<Next> {
    try {
      const begun = this.#begin()
      this.#tap = begun instanceof Promise ? await begun : begun
      this.#events = this.#tap.events[Symbol.asyncIterator]()
      this.#tap.wait?.()
      return this.#pass(await this.#events.next())
    } catch (error) {
      return this.#fail(error)
    }
  }

  readonly #pass = (next: Next): Next => {
    if (next.done === true) {
      this.#close(null)
      return done
    }
    const event = this.#tap?.pass?.(next.value) ?? next.value
    return event === next.value ? next : { done: false, value: event }
  }

  readonly #fail = (error: unknown): never => {
    this.#close(error)
    throw error
  }

  #close(error: unknown): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#tap?.close?.(error)
  }
}
