/** The stream of a provider as chunks of the OpenAI dialect. */
import type { LanguageModelV4StreamPart } from '@ai-sdk/provider'
import type { ChatChunk, ChatDelta, ChatEvent } from '../../chat/chat-event.ts'
import { UpstreamError } from '../../chat/errors.ts'
import { throwIfAborted } from '../../chat/link-abort.ts'
import type { WireUsage } from '../../chat/usage.ts'
import { AnswerLimit } from '../answer-limit.ts'
import type { BridgedCall } from './bridged-call.ts'
import { annotationOf, finishReasonOf, imageOf, usageOf } from './answer-parts.ts'
import { emptyAnswer } from './read-result.ts'
import { ReasoningStream } from './reasoning.ts'
import { ToolCallStream } from './tool-call-stream.ts'

/** A `chunk` event per delta, then the end; a stream that stops before its finish is an error. */
export async function* readStream(
  stream: ReadableStream<LanguageModelV4StreamPart>,
  call: BridgedCall,
): AsyncGenerator<ChatEvent> {
  const writer = new ChunkWriter(call)
  for await (const part of partsOf(stream, call.signal)) {
    for (const chunk of writer.read(part)) yield { type: 'chunk', chunk }
  }
  yield { type: 'end', usage: writer.end() }
}

/** Ends at once when the signal aborts, whether or not the provider hears it. */
async function* partsOf(
  stream: ReadableStream<LanguageModelV4StreamPart>,
  signal: AbortSignal,
): AsyncGenerator<LanguageModelV4StreamPart> {
  const reader = stream.getReader()
  const leave = (): void => {
    reader.cancel().catch(() => undefined)
  }
  signal.addEventListener('abort', leave, { once: true })
  try {
    for (;;) {
      throwIfAborted(signal)
      const { done, value } = await reader.read()
      throwIfAborted(signal)
      if (done) return
      yield value
    }
  } finally {
    signal.removeEventListener('abort', leave)
    leave()
  }
}

type Finish = Extract<LanguageModelV4StreamPart, { type: 'finish' }>

/** What of a stream has no delta of its own, and so goes out with the last chunk. */
interface Extras {
  readonly reasoning_details: object[]
  readonly images: object[]
  readonly annotations: object[]
}

class ChunkWriter {
  readonly #call: BridgedCall
  readonly #limit: AnswerLimit
  readonly #toolCalls = new ToolCallStream()
  readonly #extras: Extras = { reasoning_details: [], images: [], annotations: [] }
  readonly #reasoning = new ReasoningStream()
  #head: Pick<ChatChunk, 'id' | 'created' | 'model'>
  #hasBegun = false
  #finish: Finish | undefined

  constructor(call: BridgedCall) {
    this.#call = call
    this.#limit = new AnswerLimit(call.model.id, call.maxAnswerCharacters)
    this.#head = call.identity
  }

  /** The chunks that a part becomes: none for what only providers speak of. */
  read(part: LanguageModelV4StreamPart): readonly ChatChunk[] {
    switch (part.type) {
      case 'stream-start':
        this.#call.warn(part.warnings)
        return []
      case 'response-metadata':
        if (!this.#hasBegun) this.#name(part)
        return []
      case 'error':
        throw part.error
      case 'finish':
        return this.#end(part)
      default:
        this.#collect(part)
        return this.#say(this.#deltaOf(part))
    }
  }

  /** @throws UpstreamError where the stream has stopped before its end */
  end(): WireUsage | null {
    if (this.#finish) return usageOf(this.#finish.usage)
    const message = `The stream of model "${this.#call.model.id}" ended without a finish reason.`
    throw new UpstreamError('upstream_stream_truncated', message)
  }

  #name({ id, modelId }: { readonly id?: string; readonly modelId?: string }): void {
    this.#head = {
      ...this.#head,
      ...(id === undefined ? {} : { id }),
      ...(modelId === undefined ? {} : { model: modelId }),
    }
  }

  #deltaOf(part: LanguageModelV4StreamPart): ChatDelta | null {
    switch (part.type) {
      case 'text-delta':
        return part.delta === '' ? null : { content: part.delta }
      case 'reasoning-delta':
        return part.delta === '' ? null : { reasoning_content: part.delta }
      case 'tool-input-start':
      case 'tool-input-delta':
      case 'tool-call':
        return this.#toolCalls.deltaOf(part)
      default:
        return null
    }
  }

  #collect(part: LanguageModelV4StreamPart): void {
    switch (part.type) {
      case 'reasoning-start':
      case 'reasoning-delta':
      case 'reasoning-end':
        this.#extras.reasoning_details.push(...[this.#reasoning.add(part) ?? []].flat())
        break
      case 'file':
        this.#extras.images.push(...[imageOf(part) ?? []].flat())
        break
      case 'source':
        this.#extras.annotations.push(...[annotationOf(part) ?? []].flat())
        break
      default:
    }
  }

  #say(delta: ChatDelta | null): ChatChunk[] {
    if (!delta) return []
    this.#limit.add(delta)
    const opening = this.#hasBegun ? [] : [this.#chunk({ role: 'assistant', content: '' })]
    this.#hasBegun = true
    return [...opening, this.#chunk(delta)]
  }

  #end(finish: Finish): ChatChunk[] {
    this.#finish = finish
    const { model, body } = this.#call
    const reason = finishReasonOf(finish.finishReason, { modelId: model.id, callsTools: this.#toolCalls.count > 0 })
    const saysNothing = !this.#hasBegun && this.#extras.images.length === 0
    if (saysNothing && reason !== 'length' && reason !== 'content_filter') throw emptyAnswer(model.id)
    const usage = usageOf(finish.usage)
    const last = this.#chunk(this.#lastDelta(), reason)
    const asksForUsage = body.stream_options?.include_usage === true
    return asksForUsage && usage ? [last, { ...this.#chunk({}), choices: [], usage }] : [last]
  }

  #lastDelta(): ChatDelta {
    const extras = Object.entries(this.#extras).filter(([, list]: [string, object[]]) => list.length > 0)
    return { ...(this.#hasBegun ? {} : { role: 'assistant', content: '' }), ...Object.fromEntries(extras) }
  }

  #chunk(delta: ChatDelta, finishReason: string | null = null): ChatChunk {
    const choices = [{ index: 0, delta, finish_reason: finishReason }]
    return { ...this.#head, object: 'chat.completion.chunk', choices }
  }
}
