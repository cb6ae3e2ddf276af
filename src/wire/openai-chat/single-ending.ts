import type { ChatDelta, ChunkEvent } from '../../chat/chat-event.ts'

/**
 * Lets the chunks of a stream by so that each choice ends once and usage is told once: clients take what comes second for
 * another answer, or add it up.
 */
export class SingleEnding {
  /** The choices that have ended; null while none has, which is nearly always. */
  #ended: Set<number> | null = null
  /** The last chunk that told of nothing but usage: it belongs behind everything else. */
  usage: ChunkEvent | null = null

  /** What of a chunk is to be sent on, mostly all of it; null where it is nothing. */
  pass(event: ChunkEvent): ChunkEvent | null {
    const { chunk } = event
    if (chunk.usage && chunk.choices.length === 0) {
      this.usage = event
      return null
    }
    const passed = this.#ended ? this.#afterEnding(event, this.#ended) : event
    for (const { index, finish_reason: finish } of chunk.choices)
      if (finish !== null) (this.#ended ??= new Set()).add(index)
    return passed
  }

  #afterEnding(event: ChunkEvent, ended: ReadonlySet<number>): ChunkEvent | null {
    const { chunk } = event
    if (!chunk.choices.some(({ index }) => ended.has(index))) return event
    const choices = chunk.choices.flatMap((choice) => {
      if (!ended.has(choice.index)) return choice
      return isSilent(choice.delta) ? [] : { ...choice, finish_reason: null }
    })
    return choices.length > 0 || chunk.usage ? { type: 'chunk', chunk: { ...chunk, choices } } : null
  }
}

/** A role and empty strings say nothing. */
function isSilent({ role: _role, ...rest }: ChatDelta): boolean {
  return Object.values(rest).every((value) => value === null || value === undefined || value === '')
}
