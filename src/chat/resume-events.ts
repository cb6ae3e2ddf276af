import type { ChatEvent } from './chat-event.ts'

/** What is known of a stream already, then what is left of it, if anything. */
export function resumeEvents(
  known: readonly ChatEvent[],
  rest?: AsyncIterator<ChatEvent>,
): AsyncIterableIterator<ChatEvent> {
  let position = 0
  const end = (): Promise<IteratorResult<ChatEvent>> => Promise.resolve({ done: true, value: undefined })
  const events: AsyncIterableIterator<ChatEvent> = {
    [Symbol.asyncIterator]: () => events,
    next: () => {
      const value = known[position]
      position += 1
      return value ? Promise.resolve({ done: false, value }) : (rest?.next() ?? end())
    },
    return: () => {
      position = known.length
      return rest?.return?.() ?? end()
    },
  }
  return events
}
