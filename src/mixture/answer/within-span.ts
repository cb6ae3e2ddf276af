import type { Span } from '../../chat/call-context.ts'
import type { ChatEvent } from '../../chat/chat-event.ts'
import { errorCodeOf } from '../../chat/errors.ts'
import { tapEvents } from '../../chat/tap-events.ts'

/** The same events; `span` ends when they do, or when their reader leaves. */
export function withinSpan(events: AsyncIterable<ChatEvent>, span: Span): AsyncIterable<ChatEvent> {
  return tapEvents(() => ({
    events,
    close: (error) => {
      span.end(error === null ? 'ok' : errorCodeOf(error))
    },
  }))
}
