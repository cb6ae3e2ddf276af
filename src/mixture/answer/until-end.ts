import type { ChatEvent } from '../../chat/chat-event.ts'
import { resumeEvents } from '../../chat/resume-events.ts'
import { emptyAnswerError, saysSomething } from './require-answer.ts'

/**
 * The same events once the last of them is there. Nobody has seen any of them by then: a failure on the way is one before
 * the first content, and another model may still be asked instead.
 *
 * @throws whatever the model fails with, and UpstreamError `upstream_empty_response` where it has nothing to show
 */
export async function untilEnd(events: AsyncIterable<ChatEvent>): Promise<AsyncIterable<ChatEvent>> {
  const held: ChatEvent[] = []
  for await (const event of events) held.push(event)
  if (!held.some(saysSomething)) throw emptyAnswerError()
  return resumeEvents(held)
}
