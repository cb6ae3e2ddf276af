/** Several answers to one request, as `n` asks for them: the aggregate writes each out of the same drafts. */
import type { ChatChunk, ChatEvent } from '../../chat/chat-event.ts'
import { chunkOfCompletion } from '../../chat/chunk-of-completion.ts'
import { type ChatRequest, withBody } from '../../chat/chat-request.ts'
import { parseUsage, type WireUsage, wireUsageOf } from '../../chat/usage.ts'
import type { Attempt, BegunAnswer } from './begin-answer.ts'

/** The request for one of several choices: always streamed, so that they can be told apart while they come. */
export function choiceRequest(request: ChatRequest, choice: number): ChatRequest {
  const { n: _n, ...body } = request.body
  const seed = typeof body.seed === 'number' ? { seed: body.seed + choice } : {}
  const streams = { stream: true, stream_options: { ...body.stream_options, include_usage: true } }
  return withBody({ ...request, body }, { ...seed, ...streams })
}

/** All answers as one; where one of them has failed, that failure, because one choice less is not what was asked for. */
export async function joinChoices(attempts: readonly Attempt[]): Promise<Attempt> {
  const failed = attempts.find(({ events }) => events === null)
  const begun = attempts.flatMap((attempt) => (attempt.events ? attempt : []))
  const [first] = begun
  if (first && !failed) return { ...first, events: mergeChoices(begun.map(({ events }) => events)) }
  const leave = async ({ events }: BegunAnswer): Promise<unknown> => events[Symbol.asyncIterator]().return?.()
  await Promise.all(begun.map(leave))
  return failed ?? { events: null, error: undefined }
}

/** The events of all answers as they come, each with the index of its stream; one end, with the usage of all. */
async function* mergeChoices(streams: readonly AsyncIterable<ChatEvent>[]): AsyncGenerator<ChatEvent> {
  const readers = streams.map((events, index) => new ChoiceReader(events[Symbol.asyncIterator](), index))
  const waiting = new Map(readers.map((reader) => [reader, reader.next()]))
  try {
    while (waiting.size > 0) {
      const { reader, event } = await Promise.race(waiting.values())
      if (event === null) waiting.delete(reader)
      else {
        waiting.set(reader, reader.next())
        const chunk = reader.chunkOf(event)
        if (chunk) yield { type: 'chunk', chunk }
      }
    }
    yield { type: 'end', usage: sumOf(readers.map(({ usage }) => usage)) }
  } finally {
    // Not waited for: one that hangs ends when the request is aborted, which is what follows.
    for (const reader of readers) reader.leave()
  }
}

interface Read {
  readonly reader: ChoiceReader
  /** Null at the end. */
  readonly event: ChatEvent | null
}

class ChoiceReader {
  readonly #events: AsyncIterator<ChatEvent>
  readonly #index: number
  usage: WireUsage | null = null

  constructor(events: AsyncIterator<ChatEvent>, index: number) {
    this.#events = events
    this.#index = index
  }

  async next(): Promise<Read> {
    const next = await this.#events.next()
    return { reader: this, event: next.done === true ? null : next.value }
  }

  /** What of an event goes up; its usage is kept for the end. */
  chunkOf(event: ChatEvent): ChatChunk | null {
    if (event.type === 'end') {
      this.usage = event.usage ?? this.usage
      return null
    }
    const { usage, ...chunk } = event.type === 'chunk' ? event.chunk : chunkOfCompletion(event.completion)
    this.usage = usage ?? this.usage
    if (chunk.choices.length === 0) return null
    return { ...chunk, choices: chunk.choices.map((choice) => ({ ...choice, index: this.#index })) }
  }

  leave(): void {
    this.#events.return?.().catch(() => undefined)
  }
}

/** The prompt is the same for all and counts once. */
function sumOf(usages: readonly (WireUsage | null)[]): WireUsage | null {
  const known = usages.flatMap((usage) => parseUsage(usage) ?? [])
  const [first] = known
  if (!first || known.length < usages.length) return null
  const sum = (of: 'completionTokens' | 'reasoningTokens'): number =>
    known.reduce((total, usage) => total + usage[of], 0)
  return wireUsageOf({ ...first, completionTokens: sum('completionTokens'), reasoningTokens: sum('reasoningTokens') })
}
