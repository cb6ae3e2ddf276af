import type { Span } from '../chat/call-context.ts'
import type { ChatEvent } from '../chat/chat-event.ts'
import { errorCodeOf } from '../chat/errors.ts'

/** The same events; `span` ends when they do, or when their reader leaves. */
export async function* withinSpan(events: AsyncIterable<ChatEvent>, span: Span): AsyncGenerator<ChatEvent> {
  try {
    yield* events
    span.end('ok')
  } catch (error) {
    span.end(errorCodeOf(error))
    throw error
  } finally {
    span.end('client_closed')
  }
}
