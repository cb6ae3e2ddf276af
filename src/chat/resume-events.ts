import type { ChatEvent } from './chat-event.ts'

/** What is known of a stream already, then what is left of it, if anything. An event that was handed out is let go. */
export function resumeEvents(
  known: readonly ChatEvent[],
  rest?: AsyncIterator<ChatEvent>,
): AsyncIterableIterator<ChatEvent> {
  const waiting = known.toReversed()
  const end = (): Promise<IteratorResult<ChatEvent>> => Promise.resolve({ done: true, value: undefined })
  const events: AsyncIterableIterator<ChatEvent> = {
    [Symbol.asyncIterator]: () => events,
    next: () => {
      const value = waiting.pop()
      return value ? Promise.resolve({ done: false, value }) : (rest?.next() ?? end())
    },
    return: () => {
      waiting.length = 0
      return rest?.return?.() ?? end()
    },
  }
  return events
}
