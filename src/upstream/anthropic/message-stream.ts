import type { ChatChunk, ChatDelta, EndEvent } from '../../chat/chat-event.ts'
import { UpstreamError } from '../../chat/errors.ts'
import { AnswerLimit } from '../answer-limit.ts'
import { type FailingModel, failureOfBody } from '../http/failure.ts'
import { type Fields, fieldsOf, textIn } from '../../chat/loose-json.ts'
import { finishReasonOf, usageOf } from './message-words.ts'

/** What must be known of a call to read its answer. */
export interface MessageCall {
  readonly model: FailingModel
  /** Seconds since 1970. */
  readonly created: number
  /** Of text, thinking and tool arguments together; the call ends where there is more. */
  readonly maxAnswerCharacters: number
}

/** Follows a streamed message and says each frame as a chunk, for everyone who reads the answer on its way. */
export class MessageStream {
  readonly #call: MessageCall
  readonly #limit: AnswerLimit
  #head = { id: '', model: '' }
  #usage: Fields = {}
  #finishReason: string | null = null
  #hasBlocks = false
  /** Content blocks that are tool calls, by their index -> their place among the calls. */
  readonly #calls = new Map<unknown, number>()

  constructor(call: MessageCall) {
    this.#call = call
    this.#limit = new AnswerLimit(call.model.id, call.maxAnswerCharacters)
  }

  /** @throws UpstreamError for a frame that tells of a failure, and where the answer grows too long */
  read(frame: Fields): ChatChunk {
    const { type } = frame
    const failure = type === 'error' || type === undefined ? failureOfBody(this.#call.model, frame) : undefined
    if (failure) throw failure
    const delta = this.#deltaOf(frame)
    this.#limit.add(delta)
    const finished = frame['type'] === 'message_delta' ? this.#finishReason : null
    return {
      ...this.#head,
      object: 'chat.completion.chunk',
      created: this.#call.created,
      choices: [{ index: 0, delta, finish_reason: finished }],
    }
  }

  /** @throws UpstreamError where the message has said nothing, and had no reason to */
  end(): EndEvent {
    const { model } = this.#call
    const isSilent = this.#finishReason === 'length' || this.#finishReason === 'content_filter'
    if (!this.#hasBlocks && !isSilent)
      throw new UpstreamError('upstream_empty_response', `Model "${model.id}" answered with nothing.`)
    return { type: 'end', usage: usageOf(this.#usage) }
  }

  #deltaOf(frame: Fields): ChatDelta {
    switch (frame['type']) {
      case 'message_start':
        return this.#start(fieldsOf(frame['message']))
      case 'content_block_start':
        return this.#block(frame['index'], fieldsOf(frame['content_block']))
      case 'content_block_delta':
        return this.#continue(frame['index'], fieldsOf(frame['delta']))
      case 'message_delta':
        this.#finishReason = finishReasonOf(fieldsOf(frame['delta'])['stop_reason'])
        this.#usage = { ...this.#usage, ...fieldsOf(frame['usage']) }
        return {}
      default:
        return {}
    }
  }

  #start(message: Fields): ChatDelta {
    this.#head = { id: textIn(message, 'id'), model: textIn(message, 'model') }
    this.#usage = fieldsOf(message['usage'])
    return { role: 'assistant', content: '' }
  }

  #block(at: unknown, block: Fields): ChatDelta {
    this.#hasBlocks = true
    if (block['type'] === 'text') return textIn(block, 'text') === '' ? {} : { content: textIn(block, 'text') }
    if (block['type'] !== 'tool_use') return {}
    const index = this.#calls.size
    this.#calls.set(at, index)
    const called = { name: textIn(block, 'name'), arguments: '' }
    return { tool_calls: [{ index, id: textIn(block, 'id'), type: 'function', function: called }] }
  }

  #continue(at: unknown, delta: Fields): ChatDelta {
    const index = this.#calls.get(at)
    switch (delta['type']) {
      case 'text_delta':
        return { content: textIn(delta, 'text') }
      case 'thinking_delta':
        return { reasoning_content: textIn(delta, 'thinking') }
      case 'input_json_delta':
        // Tools that the server runs itself are not the caller's to call.
        return index === undefined
          ? {}
          : { tool_calls: [{ index, function: { arguments: textIn(delta, 'partial_json') } }] }
      default:
        return {}
    }
  }
}
