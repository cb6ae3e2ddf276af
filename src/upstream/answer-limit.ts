import type { ChatDelta } from '../chat/chat-event.ts'
import { UpstreamError } from '../chat/errors.ts'

/** What an answer may have where nobody said otherwise. */
export const usualAnswerCharacters = 4 * 1024 * 1024

/** Counts what an answer says (text, reasoning and tool arguments together), so that one which never ends is ended. */
export class AnswerLimit {
  readonly #modelId: string
  readonly #maxCharacters: number
  #characters = 0

  constructor(modelId: string, maxCharacters: number) {
    this.#modelId = modelId
    this.#maxCharacters = maxCharacters
  }

  /** The characters of `delta`. @throws UpstreamError `upstream_output_limit` where that is too much in all */
  add(delta: ChatDelta): number {
    const length = lengthOf(delta)
    this.#characters += length
    if (this.#characters <= this.#maxCharacters) return length
    const message = `The answer of model "${this.#modelId}" grew beyond ${this.#maxCharacters} characters.`
    throw new UpstreamError('upstream_output_limit', message)
  }
}

function lengthOf(delta: ChatDelta): number {
  let length = (delta.content?.length ?? 0) + (delta.refusal?.length ?? 0)
  length += (delta.reasoning_content?.length ?? 0) + (delta.reasoning?.length ?? 0)
  for (const call of delta.tool_calls ?? []) length += call.function?.arguments?.length ?? 0
  return length
}
