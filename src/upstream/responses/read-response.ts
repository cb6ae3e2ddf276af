/** Reads the two forms of an answer of the Responses API. Every frame goes on with its own text beside what it says. */
import type { ChatEvent } from '../../chat/chat-event.ts'
import type { NativeText } from '../../chat/chat-request.ts'
import { UpstreamError } from '../../chat/errors.ts'
import { type Fields, fieldsOf, textIn } from '../../chat/loose-json.ts'
import { AnswerLimit } from '../answer-limit.ts'
import type { FailingModel } from '../http/failure.ts'
import { type BodySource, parseFields, readText } from '../http/read-body.ts'
import { readFrames } from '../http/read-frames.ts'
import { completionOf } from './response-completion.ts'
import { type ResponseCall, ResponseStream } from './response-stream.ts'
import { failureOfResponse } from './response-words.ts'

export interface ResponseSource extends BodySource, ResponseCall {
  /** The id of the upstream, which may keep the response. */
  readonly upstream: string
}

const dialect = 'openai-responses'
const endMark = '[DONE]'
/** Tools that the caller runs are content by themselves. */
const workOfServer = /^response\.(?!function_|custom_tool_)\w+_call[._]/

/** One `chunk` event per frame, then the end: what comes behind the frame that ends the response is not read. */
export async function* readResponseStream(source: ResponseSource): AsyncGenerator<ChatEvent> {
  const stream = new ResponseStream(source)
  for await (const frames of readFrames(source)) {
    for (const { event: named, data } of frames) {
      if (data === '' || data === endMark) continue
      const frame = parseFields(data, source.model)
      const chunk = stream.read(frame)
      const event = eventNameOf(frame, named)
      const holder = stream.hasEnded ? holderOf(fieldsOf(frame['response']), source) : {}
      const work = workOfServer.test(event) ? { showsWork: true } : {}
      yield { type: 'chunk', chunk, native: { dialect, event, json: data, ...holder, ...work } }
      if (stream.hasEnded) {
        yield stream.end()
        return
      }
    }
  }
  throw truncated(source.model)
}

/** The one `completion` event of a response, then the end. */
export async function* readResponse(source: ResponseSource): AsyncGenerator<ChatEvent> {
  const { model } = source
  const json = await readText(source)
  const response = parseFields(json, model)
  const failure = failureOfResponse(model, response)
  if (failure) throw failure
  const completion = completionOf(response, source)
  new AnswerLimit(model.id, source.maxAnswerCharacters).addWhole(completion)
  yield { type: 'completion', completion, native: { dialect, json, ...holderOf(response, source) } }
  yield { type: 'end', usage: completion.usage ?? null }
}

/** The event that a frame says it is: some servers say it there only. What could not stand in a stream is not believed. */
export function eventNameOf(frame: Fields, named: string): string {
  const type = textIn(frame, 'type')
  return /^[\w.-]+$/.test(type) ? type : named
}

/** A server that keeps responses says so in each. */
function holderOf({ store }: Fields, { upstream }: ResponseSource): Pick<NativeText, 'heldBy'> {
  return store === true ? { heldBy: upstream } : {}
}

function truncated({ id }: FailingModel): UpstreamError {
  const message = `The stream of model "${id}" ended without a response.completed.`
  return new UpstreamError('upstream_stream_truncated', message)
}
