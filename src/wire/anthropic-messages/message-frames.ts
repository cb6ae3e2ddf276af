import { carriesContent, type ChunkEvent, type EndEvent, type NativeFrame } from '../../chat/chat-event.ts'
import type { AnswerFacts, Failure, FrameWriter } from '../dialect.ts'
import { visibleUsage } from '../openai-chat/write-answer.ts'
import { type Progress, progressLine, writeProgressComment } from '../progress.ts'
import { writeSseEvent, writeSseText } from '../sse.ts'
import { MessageBlocks } from './message-blocks.ts'
import { writeMessagesError } from './write-error.ts'
import { emptyMessage, type MessageStyle, messageUsageOf, stopFieldsOf } from './write-message.ts'

/**
 * Writes a stream as Anthropic's events: `message_start`, blocks, `message_delta`, `message_stop`. What an upstream of
 * this dialect wrote goes on as it is, with the caller's name for the model.
 */
export class MessageFrames implements FrameWriter {
  readonly signOfLife = writeSseEvent('ping', {})
  readonly #style: MessageStyle
  readonly #facts: AnswerFacts
  readonly #blocks = new MessageBlocks()
  #hasBegun = false
  #finishReason: string | null = null
  #stoppedBy: unknown
  #refused = false
  #isNative = false
  #hasAnswered = false

  constructor(style: MessageStyle, facts: AnswerFacts) {
    this.#style = style
    this.#facts = facts
  }

  begin(): string {
    this.#hasBegun = true
    const message = emptyMessage(this.#facts.requestId, this.#style.model)
    return writeSseEvent('message_start', { message })
  }

  chunk(event: ChunkEvent): string {
    const { chunk, native } = event
    if (native?.dialect === 'anthropic-messages') return this.#handOn(native)
    let frames = this.#hasBegun ? '' : this.begin()
    this.#hasAnswered ||= this.#facts.progress !== undefined && carriesContent(event)
    const choice = chunk.choices.find(({ index }) => index === 0)
    if (!choice) return frames
    const { content, refusal, tool_calls: calls } = choice.delta
    const reasoning = choice.delta.reasoning_content ?? choice.delta.reasoning
    if (reasoning && this.#style.showsThinking) frames += this.#blocks.say('thinking', reasoning)
    if (content) frames += this.#blocks.say('text', content)
    if (refusal) frames += this.#blocks.say('text', refusal)
    for (const call of calls ?? []) frames += this.#blocks.call(call)
    this.#refused ||= Boolean(refusal)
    this.#finishReason ??= choice.finish_reason
    this.#stoppedBy ??= choice['stop_reason']
    return frames
  }

  /** Reasoning is thinking here, for a caller that is shown any; a chunk has no field to spare. */
  progress(progress: Progress): string {
    const styles = this.#facts.progress ?? []
    const thinks = styles.includes('reasoning') && this.#style.showsThinking && !this.#hasAnswered
    const line = thinks ? progressLine(progress) : ''
    return (
      (styles.includes('comments') ? writeProgressComment(progress) : '') +
      (line === '' ? '' : this.#blocks.say('thinking', line))
    )
  }

  end(end: EndEvent): string {
    if (this.#isNative) return ''
    const reason = this.#refused ? 'content_filter' : this.#finishReason
    const delta = { ...stopFieldsOf(reason, this.#stoppedBy, this.#style), container: null }
    const usage = messageUsageOf(visibleUsage(end, this.#facts.ledger()))
    return this.#blocks.finish() + writeSseEvent('message_delta', { delta, usage }) + writeSseEvent('message_stop', {})
  }

  fail(failure: Failure): string {
    const { type: _type, ...fields } = writeMessagesError(failure, this.#facts.requestId)
    return writeSseEvent('error', fields)
  }

  /** A stream that has begun early, because its model was slow, has its `message_start`. */
  #handOn({ event, json }: NativeFrame): string {
    this.#isNative = true
    if (event !== 'message_start') return writeSseText(event, json)
    if (this.#hasBegun) return ''
    this.#hasBegun = true
    const { message } = JSON.parse(json) as { readonly message: object }
    return writeSseEvent(event, { message: { ...message, model: this.#style.model } })
  }
}
