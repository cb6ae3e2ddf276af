import type { Span } from './call-context.ts'
import type { ChatEvent } from './chat-event.ts'
import { tapEvents } from './tap-events.ts'

/** The same events; their end says what all calls at or below `span` took together. */
export function withTotal(events: AsyncIterable<ChatEvent>, span: Span): AsyncIterable<ChatEvent> {
  return tapEvents(() => ({
    events,
    pass: (event) => (event.type === 'end' ? { ...event, total: span.total() } : event),
  }))
}
