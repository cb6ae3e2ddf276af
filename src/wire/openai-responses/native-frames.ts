import type { NativeFrame } from '../../chat/chat-event.ts'
import type { ErrorBody } from '../dialect.ts'
import { isObject } from '../../chat/loose-json.ts'
import { spliceModelWithin } from '../openai-chat/splice-model.ts'
import { writeSseEvent, writeSseText } from '../sse.ts'
import { type FinishedResponse, finishedOf } from './finished-response.ts'

/** Events that bring the whole response along. */
const bringsResponse: ReadonlySet<string> = new Set([
  'response.created',
  'response.queued',
  'response.in_progress',
  'response.completed',
  'response.incomplete',
])

/** A stream as an upstream of this dialect writes it: every frame keeps every byte, but for the name of the model. */
export class NativeFrames {
  readonly #model: string
  #last = '{}'
  #response: Readonly<Record<string, unknown>> = {}
  #heldBy: string | undefined

  /** @param model the id that the caller asked for */
  constructor(model: string) {
    this.#model = model
  }

  write({ event, json, heldBy }: NativeFrame): string {
    this.#last = spliceModelWithin(json, 'response', this.#model)
    this.#heldBy = heldBy
    if (bringsResponse.has(event)) this.#response = responseIn(this.#last)
    return writeSseText(event, this.#last)
  }

  /** The response that the stream ended with; undefined where it cannot be named. */
  finished(): FinishedResponse | undefined {
    return finishedOf(this.#response, this.#heldBy)
  }

  /** The frames that end a stream which broke, numbered on. */
  fail({ error: { code, message, param } }: ErrorBody): string {
    const response = { ...this.#response, status: 'failed', error: { code, message } }
    const { sequence_number: last } = JSON.parse(this.#last) as { readonly sequence_number?: unknown }
    const next = typeof last === 'number' ? last + 1 : 0
    return (
      writeSseEvent('response.failed', { sequence_number: next, response }) +
      writeSseEvent('error', { sequence_number: next + 1, code, message, param })
    )
  }
}

function responseIn(json: string): Readonly<Record<string, unknown>> {
  const { response } = JSON.parse(json) as { readonly response?: unknown }
  return isObject(response) ? response : {}
}
