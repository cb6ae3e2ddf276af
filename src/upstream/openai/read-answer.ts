/** Reads the two forms of an OpenAI answer: a stream of events, and a whole JSON body. */
import type { ChatChunk, ChatCompletion, ChatEvent } from '../../chat/chat-event.ts'
import { UpstreamError } from '../../chat/errors.ts'
import type { WireUsage } from '../../chat/usage.ts'
import { type SseEvent, SseParser } from '../../wire/sse.ts'
import { type FailingModel, failureOfAnswer } from '../http/failure.ts'
import { type BodySource, nextBytes, readText } from '../http/read-body.ts'
import { maxEventCharacters } from '../http/read-frames.ts'
import { AnswerLimit } from '../answer-limit.ts'
import { type AnswerIdentity, repairChunk, repairCompletion } from './repair.ts'

export interface AnswerSource extends BodySource {
  readonly identity: AnswerIdentity
  /** Of text, reasoning and tool arguments together; the call ends where there is more. */
  readonly maxAnswerCharacters: number
}

const endMark = '[DONE]'
/** Reasons to end without having said anything. */
const silentFinishes: ReadonlySet<string | null> = new Set(['length', 'content_filter'])

/**
 * One `chunk` event per event of the stream, then the end. Whatever comes behind `[DONE]` is not read. Resolves with the
 * first event at hand, because some servers refuse a request in the first frame of a good answer.
 */
export async function readStream(source: AnswerSource): Promise<AsyncIterable<ChatEvent>> {
  const reader = new StreamReader(source)
  await reader.readFirst()
  return reader
}

type Next = IteratorResult<ChatEvent, undefined>

/** One read of the socket brings many events: they are parsed as their reader asks, without a turn for each. */
class StreamReader implements AsyncIterableIterator<ChatEvent, undefined> {
  readonly #source: AnswerSource
  readonly #parser = new SseParser(maxEventCharacters)
  readonly #progress: StreamProgress
  #first: Next | undefined
  #frames: readonly SseEvent[] = []
  #position = 0
  #isRead = false
  #hasEnded = false

  constructor(source: AnswerSource) {
    this.#source = source
    this.#progress = new StreamProgress(source)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async readFirst(): Promise<void> {
    this.#first = await this.next()
  }

  async next(): Promise<Next> {
    const first = this.#first
    this.#first = undefined
    if (first) return first
    for (;;) {
      if (this.#hasEnded) return { done: true, value: undefined }
      const value = this.#nextEvent()
      if (value) return { done: false, value }
      // Their texts are slices of all that was read at once.
      this.#frames = []
      const bytes = await nextBytes(this.#source)
      this.#isRead = bytes === null
      this.#frames = bytes === null ? this.#parser.end() : this.#parser.push(bytes)
      this.#position = 0
    }
  }

  /** Null where more must be read first. */
  #nextEvent(): ChatEvent | null {
    while (this.#position < this.#frames.length) {
      const data = this.#frames[this.#position]?.data ?? ''
      this.#position += 1
      if (data === endMark) return this.#end()
      const event = this.#progress.read(data)
      if (event) return event
    }
    if (!this.#isRead) return null
    this.#progress.requireFinish()
    return this.#end()
  }

  #end(): ChatEvent {
    this.#hasEnded = true
    return this.#progress.end()
  }
}

/** The one `completion` event of a body, then the end. */
export async function* readWhole(source: AnswerSource): AsyncGenerator<ChatEvent> {
  const { model, identity } = source
  const text = await readText(source)
  const parsed = parseJson(text, model)
  const failure = failureOfAnswer(model, parsed)
  if (failure) throw failure
  const repaired = repairCompletion(parsed, identity)
  if (!repaired)
    throw new UpstreamError('upstream_malformed', `Model "${model.id}" answered with JSON that has no choices.`)
  const completion = repaired.value
  if (!saysAnything(completion)) throw emptyAnswer(model)
  new AnswerLimit(model.id, source.maxAnswerCharacters).addWhole(completion)
  yield { type: 'completion', completion, ...(repaired.changed ? {} : { source: text }) }
  yield { type: 'end', usage: completion.usage ?? null }
}

/** What a stream has said so far, to know whether its end is one. */
class StreamProgress {
  readonly #source: AnswerSource
  readonly #limit: AnswerLimit
  #usage: WireUsage | null = null
  #hasContent = false
  #finishReason: string | null = null

  constructor(source: AnswerSource) {
    this.#source = source
    this.#limit = new AnswerLimit(source.model.id, source.maxAnswerCharacters)
  }

  /** The event in one frame of data; null where there is nothing in it for us. */
  read(data: string): ChatEvent | null {
    const { model, identity } = this.#source
    if (data === '') return null
    const parsed = parseJson(data, model)
    const failure = failureOfAnswer(model, parsed)
    if (failure) throw failure
    const repaired = repairChunk(parsed, identity)
    if (!repaired) return null
    this.#see(repaired.value)
    return { type: 'chunk', chunk: repaired.value, ...(repaired.changed ? {} : { source: data }) }
  }

  end(): ChatEvent {
    if (!this.#hasContent && !silentFinishes.has(this.#finishReason)) throw emptyAnswer(this.#source.model)
    return { type: 'end', usage: this.#usage }
  }

  requireFinish(): void {
    if (this.#finishReason !== null) return
    const message = `The stream of model "${this.#source.model.id}" ended without a finish reason.`
    throw new UpstreamError('upstream_stream_truncated', message)
  }

  #see(chunk: ChatChunk): void {
    if (chunk.usage) this.#usage = chunk.usage
    for (const { delta, finish_reason: finishReason } of chunk.choices) {
      this.#finishReason ??= finishReason
      const characters = this.#limit.add(delta)
      if (characters > 0 || delta.tool_calls?.length || delta['audio'] || delta['function_call'])
        this.#hasContent = true
    }
  }
}

function saysAnything({ choices }: ChatCompletion): boolean {
  return choices.some(({ message, finish_reason: finishReason }) => {
    const { content, refusal, reasoning, tool_calls: calls } = message
    const said = content || refusal || reasoning || message.reasoning_content || calls?.length
    return Boolean(said || message['audio'] || message['function_call']) || silentFinishes.has(finishReason)
  })
}

function emptyAnswer({ id }: FailingModel): UpstreamError {
  return new UpstreamError('upstream_empty_response', `Model "${id}" answered with nothing.`)
}

function parseJson(text: string, { id }: FailingModel): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new UpstreamError('upstream_malformed', `Model "${id}" answered with something that is not JSON.`, { cause })
  }
}
