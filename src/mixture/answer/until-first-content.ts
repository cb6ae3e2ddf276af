import { carriesContent, type ChatEvent } from '../../chat/chat-event.ts'
import { resumeEvents } from '../../chat/resume-events.ts'
import { emptyAnswerError, requireAnswer, saysSomething } from './require-answer.ts'

/**
 * The same events once the first content is there; until then another model may still be asked instead. A stream has
 * begun with its reasoning already, and then fails where nothing follows it.
 *
 * @throws whatever the model fails with before, and UpstreamError `upstream_empty_response` where it ends without
 * content although nothing stopped it
 */
export async function untilFirstContent(events: AsyncIterable<ChatEvent>): Promise<AsyncIterable<ChatEvent>> {
  const iterator = events[Symbol.asyncIterator]()
  const held: ChatEvent[] = []
  try {
    for (;;) {
      const next = await iterator.next()
      if (next.done === true || next.value.type === 'end') throw emptyAnswerError()
      held.push(next.value)
      if (saysSomething(next.value)) return resumeEvents(held, iterator)
      if (next.value.type === 'chunk' && carriesContent(next.value)) return requireAnswer(resumeEvents(held, iterator))
    }
  } catch (error) {
    await iterator.return?.()
    throw error
  }
}
