import type { ChunkEvent } from '../../chat/chat-event.ts'
import type { Failure, FrameWriter } from '../dialect.ts'
import { spliceModel } from '../openai-chat/splice-model.ts'
import { writeSseComment, writeSseData } from '../sse.ts'

/** Writes a stream of `text_completion` objects: those of the upstream, under the name that the caller asked for. */
export class CompletionFrames implements FrameWriter {
  readonly signOfLife = writeSseComment('keep-alive')
  readonly #model: string

  constructor(model: string) {
    this.#model = model
  }

  /** There is no frame that says nothing yet. */
  begin(): string {
    return this.signOfLife
  }

  /** An upstream that answers whole, although a stream was asked for, is said as the one frame of a stream. */
  chunk({ chunk, native }: ChunkEvent): string {
    if (native) return writeSseData(spliceModel(native.json, this.#model))
    const choices = chunk.choices.map(({ delta, ...choice }) => ({ ...choice, text: delta.content ?? '' }))
    return writeSseData(writeTextCompletion({ ...chunk, model: this.#model, choices }))
  }

  end(): string {
    return writeSseData('[DONE]')
  }

  fail({ body }: Failure): string {
    return writeSseData(JSON.stringify(body))
  }
}

/** The JSON of a `text_completion`, of whatever else is in `fields`. */
export function writeTextCompletion(fields: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ ...fields, object: 'text_completion' })
}
