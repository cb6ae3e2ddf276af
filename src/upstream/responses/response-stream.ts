import type { ChatChunk, ChatDelta, EndEvent, ToolCallDelta } from '../../chat/chat-event.ts'
import { sentToolName } from '../../wire/openai-responses/response-tools.ts'
import { AnswerLimit } from '../answer-limit.ts'
import { type Fields, fieldsOf, textIn } from '../../chat/loose-json.ts'
import type { FailingModel } from '../http/failure.ts'
import { emptyResponse, failureOfFrame, finishReasonOf, usageOf } from './response-words.ts'

/** What must be known of a call to read its answer. */
export interface ResponseCall {
  readonly model: FailingModel
  /** Seconds since 1970, where the server says none. */
  readonly created: number
  readonly maxAnswerCharacters: number
}

interface OpenCall {
  /** Its place among the calls. */
  readonly index: number
  hasArguments: boolean
}

/** Follows a streamed response and says each frame as a chunk, for everyone who reads the answer on its way. */
export class ResponseStream {
  readonly #call: ResponseCall
  readonly #limit: AnswerLimit
  #head: Pick<ChatChunk, 'id' | 'model' | 'created'>
  #hasOutput = false
  /** By the id of the item. */
  readonly #calls = new Map<unknown, OpenCall>()
  #finishReason: string | null = null
  #usage: EndEvent['usage'] = null

  constructor(call: ResponseCall) {
    this.#call = call
    this.#limit = new AnswerLimit(call.model.id, call.maxAnswerCharacters)
    this.#head = { id: '', model: '', created: call.created }
  }

  /** True once the frame that ends a response was read. */
  get hasEnded(): boolean {
    return this.#finishReason !== null
  }

  /** @throws UpstreamError for a frame that tells of a failure, and where the answer grows too long */
  read(frame: Fields): ChatChunk {
    const failure = failureOfFrame(this.#call.model, frame)
    if (failure) throw failure
    const delta = this.#deltaOf(frame)
    this.#limit.add(delta)
    return {
      ...this.#head,
      object: 'chat.completion.chunk',
      choices: [{ index: 0, delta, finish_reason: this.#finishReason }],
    }
  }

  /** @throws UpstreamError where the response has said nothing, and had no reason to */
  end(): EndEvent {
    const isSilent = this.#finishReason === 'length' || this.#finishReason === 'content_filter'
    if (!this.#hasOutput && !isSilent) throw emptyResponse(this.#call.model)
    return { type: 'end', usage: this.#usage }
  }

  #deltaOf(frame: Fields): ChatDelta {
    switch (frame['type']) {
      case 'response.created':
        return this.#start(fieldsOf(frame['response']))
      case 'response.output_item.added':
        this.#hasOutput = true
        return this.#open(fieldsOf(frame['item']))
      case 'response.output_text.delta':
        return { content: textIn(frame, 'delta') }
      case 'response.refusal.delta':
        return { refusal: textIn(frame, 'delta') }
      case 'response.reasoning_text.delta':
      case 'response.reasoning_summary_text.delta':
        return { reasoning_content: textIn(frame, 'delta') }
      case 'response.function_call_arguments.delta':
      case 'response.custom_tool_call_input.delta':
        return this.#argue(frame['item_id'], textIn(frame, 'delta'))
      case 'response.function_call_arguments.done':
        return this.#calls.get(frame['item_id'])?.hasArguments === false
          ? this.#argue(frame['item_id'], textIn(frame, 'arguments'))
          : {}
      case 'response.completed':
      case 'response.incomplete':
        return this.#finish(fieldsOf(frame['response']))
      default:
        return {}
    }
  }

  #start(response: Fields): ChatDelta {
    const { created_at: created } = response
    this.#head = {
      id: textIn(response, 'id'),
      model: textIn(response, 'model'),
      created: typeof created === 'number' ? created : this.#call.created,
    }
    return { role: 'assistant', content: '' }
  }

  /** Tools that the server runs itself are not the caller's to call. */
  #open(item: Fields): ChatDelta {
    const { type } = item
    if (type !== 'function_call' && type !== 'custom_tool_call') return {}
    const index = this.#calls.size
    this.#calls.set(item['id'], { index, hasArguments: false })
    const called = { name: sentToolName(textIn(item, 'name'), item['namespace']), arguments: '' }
    return { tool_calls: [{ index, id: textIn(item, 'call_id'), type: 'function', function: called }] }
  }

  #argue(itemId: unknown, written: string): ChatDelta {
    const call = this.#calls.get(itemId)
    if (!call) return {}
    call.hasArguments = true
    const part: ToolCallDelta = { index: call.index, function: { arguments: written } }
    return { tool_calls: [part] }
  }

  #finish(response: Fields): ChatDelta {
    this.#finishReason = finishReasonOf(response, this.#calls.size > 0)
    this.#usage = usageOf(response['usage'])
    return {}
  }
}
