import type { AnswerMessage, ChatCompletion, ChatDelta } from '../chat/chat-event.ts'
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

  /** The characters of a delta, or of a message. @throws UpstreamError `upstream_output_limit` where that is too much in all */
  add(part: ChatDelta | AnswerMessage): number {
    const length = lengthOf(part)
    this.#characters += length
    if (this.#characters <= this.#maxCharacters) return length
    const message = `The answer of model "${this.#modelId}" grew beyond ${this.#maxCharacters} characters.`
    throw new UpstreamError('upstream_output_limit', message)
  }

  /** An answer that came whole. @throws UpstreamError `upstream_output_limit` where it says too much */
  addWhole({ choices }: ChatCompletion): void {
    for (const { message } of choices) this.add(message)
  }
}

function lengthOf(part: ChatDelta | AnswerMessage): number {
  let length = (part.content?.length ?? 0) + (part.refusal?.length ?? 0)
  length += (part.reasoning_content?.length ?? 0) + (part.reasoning?.length ?? 0)
  for (const call of part.tool_calls ?? []) length += call.function?.arguments?.length ?? 0
  return length
}
