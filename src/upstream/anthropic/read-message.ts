/** Reads the two forms of an answer of the Messages API. Every frame goes on with its own text beside what it says. */
import type { ChatEvent } from '../../chat/chat-event.ts'
import { UpstreamError } from '../../chat/errors.ts'
import { AnswerLimit } from '../answer-limit.ts'
import { type FailingModel, failureOfBody } from '../http/failure.ts'
import { type BodySource, parseFields, readText } from '../http/read-body.ts'
import { readFrames } from '../http/read-frames.ts'
import { completionOf } from './message-completion.ts'
import { type MessageCall, MessageStream } from './message-stream.ts'

export type MessageSource = BodySource & MessageCall

const dialect = 'anthropic-messages'

/** One `chunk` event per frame, then the end. Signs of life are not handed on: the gateway has its own. */
export async function* readMessageStream(source: MessageSource): AsyncGenerator<ChatEvent> {
  const stream = new MessageStream(source)
  for await (const frames of readFrames(source)) {
    for (const { event, data } of frames) {
      if (event === 'ping' || data === '') continue
      const chunk = stream.read(parseFields(data, source.model))
      yield { type: 'chunk', chunk, native: { dialect, event, json: data } }
      if (event === 'message_stop') {
        yield stream.end()
        return
      }
    }
  }
  throw truncated(source.model)
}

/** The one `completion` event of a message, then the end. */
export async function* readMessage(source: MessageSource): AsyncGenerator<ChatEvent> {
  const { model } = source
  const json = await readText(source)
  const message = parseFields(json, model)
  const failure = failureOfBody(model, message)
  if (failure) throw failure
  const completion = completionOf(message, source)
  new AnswerLimit(model.id, source.maxAnswerCharacters).addWhole(completion)
  yield { type: 'completion', completion, native: { dialect, json } }
  yield { type: 'end', usage: completion.usage ?? null }
}

function truncated({ id }: FailingModel): UpstreamError {
  return new UpstreamError('upstream_stream_truncated', `The stream of model "${id}" ended without a message_stop.`)
}
