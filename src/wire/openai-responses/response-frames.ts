import { carriesContent, type ChunkEvent, type EndEvent, type NativeFrame } from '../../chat/chat-event.ts'
import type { AnswerFacts, Failure, FrameWriter } from '../dialect.ts'
import { visibleUsage } from '../openai-chat/write-answer.ts'
import { type Progress, progressLine, writeProgressComment } from '../progress.ts'
import { writeSseComment, writeSseEvent } from '../sse.ts'
import { type FinishedResponse, finishedOf } from './finished-response.ts'
import { NativeFrames } from './native-frames.ts'
import { OutputStream } from './output-stream.ts'
import type { ResponsesRequest } from './parse-responses-request.ts'
import { finalStatus, type ResponseHead, responseId, responseObject, type ResponseState } from './response-object.ts'

export interface ResponseFramesOptions extends Pick<ResponsesRequest, 'fields' | 'tools'> {
  /** Hears of the response once it is complete. */
  readonly keep: (finished: FinishedResponse | undefined) => void
}

/**
 * Writes a stream as the typed events of the Responses API, numbered from 0. What an upstream of this dialect wrote goes
 * on as it is, with the caller's name for the model.
 */
export class ResponseFrames implements FrameWriter {
  readonly signOfLife = writeSseComment('keep-alive')
  readonly #options: ResponseFramesOptions
  readonly #facts: AnswerFacts
  readonly #head: ResponseHead
  readonly #output: OutputStream
  #native: NativeFrames | undefined
  #number = 0
  #hasBegun = false
  #finishReason: string | null = null
  #hasAnswered = false

  constructor(options: ResponseFramesOptions, facts: AnswerFacts) {
    this.#options = options
    this.#facts = facts
    this.#head = { id: responseId(facts.requestId), created: facts.now(), fields: options.fields }
    this.#output = new OutputStream({
      tools: options.tools,
      idOf: (prefix, index) => `${responseId(facts.requestId, prefix)}_${index}`,
      write: (type, fields) => this.#write(type, fields),
    })
  }

  /** Whoever goes on from a response needs the id that its upstream gave it: where there may be one, its frame is waited for. */
  begin(): string {
    return this.#facts.mayBeNative === true ? this.signOfLife : this.#beginOwn()
  }

  #beginOwn(): string {
    this.#hasBegun = true
    const response = this.#response({ status: 'in_progress', output: [] })
    return this.#write('response.created', { response }) + this.#write('response.in_progress', { response })
  }

  chunk(event: ChunkEvent): string {
    const { chunk, native } = event
    if (native?.dialect === 'openai-responses' && !this.#hasBegun) return this.#handOn(native)
    this.#hasAnswered ||= this.#facts.progress !== undefined && carriesContent(event)
    let frames = this.#openOwn()
    const choice = chunk.choices.find(({ index }) => index === 0)
    if (!choice) return frames
    const { content, refusal, tool_calls: calls } = choice.delta
    const reasoning = choice.delta.reasoning_content ?? choice.delta.reasoning
    if (reasoning) frames += this.#output.say('reasoning', reasoning)
    if (content) frames += this.#output.say('text', content)
    if (refusal) frames += this.#output.say('refusal', refusal)
    for (const call of calls ?? []) frames += this.#output.call(call)
    this.#finishReason ??= choice.finish_reason
    return frames
  }

  /** A chunk has no field to spare here. */
  progress(progress: Progress): string {
    const styles = this.#facts.progress ?? []
    const line = styles.includes('reasoning') && !this.#hasAnswered ? progressLine(progress) : ''
    return (
      (styles.includes('comments') ? writeProgressComment(progress) : '') +
      (line === '' ? '' : this.#output.say('reasoning', line))
    )
  }

  end(end: EndEvent): string {
    if (this.#native) {
      this.#options.keep(this.#native.finished())
      return ''
    }
    const begun = this.#openOwn()
    const status = finalStatus(this.#finishReason)
    const frames = this.#output.finish(status)
    const output = this.#output.items
    const usage = visibleUsage(end, this.#facts.ledger())
    const response = this.#response({ status, output, usage, finishReason: this.#finishReason })
    this.#options.keep(finishedOf(response))
    return begun + frames + this.#write(`response.${status}`, { response })
  }

  /** `response.failed` is what programs wait for, `error` what the SDKs throw. */
  fail({ body }: Failure): string {
    if (this.#native) return this.#native.fail(body)
    const begun = this.#openOwn()
    const { code, message, param } = body.error
    const response = this.#response({ status: 'failed', output: this.#output.items, error: { code, message } })
    return begun + this.#write('response.failed', { response }) + this.#write('error', { code, message, param })
  }

  #openOwn(): string {
    return this.#hasBegun ? '' : this.#beginOwn()
  }

  #handOn(frame: NativeFrame): string {
    this.#native ??= new NativeFrames(String(this.#options.fields['model']))
    return this.#native.write(frame)
  }

  #response(state: ResponseState): Record<string, unknown> {
    return responseObject(this.#head, state)
  }

  #write(type: string, fields: object): string {
    return writeSseEvent(type, { sequence_number: this.#number++, ...fields })
  }
}
