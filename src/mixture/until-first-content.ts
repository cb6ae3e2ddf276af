import { carriesContent, type ChatEvent } from '../chat/chat-event.ts'
import { UpstreamError } from '../chat/errors.ts'
import { resumeEvents } from '../chat/resume-events.ts'

/**
 * The same events once the first content is there; until then another model may still be asked instead.
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
      if (next.done === true) throw emptyAnswerError()
      held.push(next.value)
      if (isAnswer(next.value)) return resumeEvents(held, iterator)
      if (next.value.type === 'end') throw emptyAnswerError()
    }
  } catch (error) {
    await iterator.return?.()
    throw error
  }
}

/** Content, or an end for a reason that another try would meet again: a filter, a length limit. */
function isAnswer(event: ChatEvent): boolean {
  switch (event.type) {
    case 'end':
      return false
    case 'chunk':
      return carriesContent(event) || event.chunk.choices.some((choice) => isStopped(choice.finish_reason))
    case 'completion':
      return event.completion.choices.some(
        ({ message, finish_reason }) =>
          Boolean(message.content || message.refusal || message.tool_calls?.length) || isStopped(finish_reason),
      )
  }
}

function isStopped(finishReason: string | null): boolean {
  return finishReason !== null && finishReason !== 'stop'
}

/** For an aggregate that came to its end with nothing to show for it. */
export function emptyAnswerError(): UpstreamError {
  return new UpstreamError('upstream_empty_response', 'The aggregate ended its answer without any content.')
}
