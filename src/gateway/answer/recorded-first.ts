import type { ChatEvent } from '../../chat/chat-event.ts'
import { type ErrorCode, errorCodeOf } from '../../chat/errors.ts'
import type { Trace } from '../../trace/trace.ts'

/** The same events; their end, or what breaks them off, comes up once the request is written down. Rejects where it cannot be. */
export async function* recordedFirst(
  events: AsyncIterable<ChatEvent>,
  trace: Trace,
  record: (trace: Trace) => Promise<void>,
): AsyncGenerator<ChatEvent> {
  const end = (outcome: 'ok' | ErrorCode): Promise<void> => {
    trace.root.end(outcome)
    return record(trace)
  }
  try {
    for await (const event of events) {
      if (event.type === 'end') await end('ok')
      yield event
    }
  } catch (error) {
    if (!trace.hasEnded) await end(errorCodeOf(error))
    throw error
  }
}
