import type { ChatChunk, ChatEvent } from '../../chat/chat-event.ts'
import type { ChatRequest } from '../../chat/chat-request.ts'
import { AnswerFold } from '../../chat/collect-answer.ts'
import type { MixtureRun } from '../mixture-run.ts'
import { visibleUsage } from './visible-usage.ts'

/**
 * The aggregate's answer under the mixture's name: one constant id, the mixture as the model, and at the end the usage
 * that the client sees and the sum over all calls. A client that does not stream gets one completion.
 */
export async function* ownAnswer(
  run: MixtureRun,
  { events, request }: { readonly events: AsyncIterable<ChatEvent>; readonly request: ChatRequest },
): AsyncGenerator<ChatEvent> {
  const fold = new AnswerFold()
  const streams = run.request.body.stream === true
  const head = { id: run.answerId, model: run.mixture.id }
  for await (const event of events) {
    fold.add(event)
    if (event.type === 'end' || !streams) continue
    if (event.type === 'completion') yield { type: 'completion', completion: { ...event.completion, ...head } }
    else if (!isUsageOnly(event.chunk)) yield { type: 'chunk', chunk: { ...withoutUsage(event.chunk), ...head } }
  }
  const { completion, end } = fold.answer()
  const usage = visibleUsage({
    asked: run.clientMessages,
    sent: request.body.messages,
    reported: end.usage ?? completion.usage,
    answer: completion.choices.map(({ message }) => message.content ?? '').join('\n'),
  })
  if (!streams) yield { type: 'completion', completion: { ...completion, ...head, usage } }
  yield { type: 'end', usage, total: run.context.span.total() }
}

function isUsageOnly({ choices, usage }: ChatChunk): boolean {
  return choices.length === 0 && usage !== undefined
}

function withoutUsage(chunk: ChatChunk): ChatChunk {
  if (chunk.usage === undefined) return chunk
  const { usage: _usage, ...rest } = chunk
  return rest
}
