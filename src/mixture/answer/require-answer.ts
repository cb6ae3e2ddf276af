import type { ChatEvent } from '../../chat/chat-event.ts'
import { UpstreamError } from '../../chat/errors.ts'

/**
 * The same events, but an answer that comes to its end with nothing to show for it, reasoning at most, fails: its finish
 * reason must not reach a reader, to whom it would look like an answer.
 *
 * @throws UpstreamError `upstream_empty_response` in place of the end
 */
export async function* requireAnswer(events: AsyncIterable<ChatEvent>): AsyncGenerator<ChatEvent> {
  const held: ChatEvent[] = []
  let hasSaid = false
  for await (const event of events) {
    hasSaid ||= saysSomething(event)
    if (hasSaid) {
      yield* held.splice(0)
      yield event
    } else if (event.type === 'end') throw emptyAnswerError()
    else if (finishes(event)) held.push(event)
    else yield event
  }
}

/** Words, a refusal, a tool call, or an end for a reason that another try would meet again: a filter, a length limit. */
export function saysSomething(event: ChatEvent): boolean {
  return choicesOf(event).some(
    ({ said, finish_reason }) =>
      Boolean(said.content || said.refusal || said.tool_calls?.length) ||
      (finish_reason !== null && finish_reason !== 'stop'),
  )
}

/** For an aggregate that came to its end with nothing to show for it. */
export function emptyAnswerError(): UpstreamError {
  return new UpstreamError('upstream_empty_response', 'The aggregate ended its answer without any content.')
}

function finishes(event: ChatEvent): boolean {
  return choicesOf(event).some(({ finish_reason }) => finish_reason !== null)
}

interface SaidChoice {
  readonly said: {
    readonly content?: string | null
    readonly refusal?: string | null
    readonly tool_calls?: readonly unknown[] | null
  }
  readonly finish_reason: string | null
}

function choicesOf(event: ChatEvent): readonly SaidChoice[] {
  switch (event.type) {
    case 'end':
      return []
    case 'chunk':
      return event.chunk.choices.map(({ delta, finish_reason }) => ({ said: delta, finish_reason }))
    case 'completion':
      return event.completion.choices.map(({ message, finish_reason }) => ({ said: message, finish_reason }))
  }
}
