/** Folds a stream of events into one answer: for drafts, and for callers that do not stream. */
import type {
  AnswerMessage,
  ChatChunk,
  ChatCompletion,
  ChatDelta,
  ChatEvent,
  ChunkChoice,
  CompletionChoice,
  CompletionEvent,
  EndEvent,
  ToolCallDelta,
} from './chat-event.ts'
import type { NativeText, ToolCall } from './chat-request.ts'
import { UpstreamError } from './errors.ts'
import { GrowingText } from './held-text.ts'

/** What the caller gets. `text`, `reasoning`, `refusal`, `toolCalls` and `finishReason` are those of the first choice. */
export interface Answer {
  readonly completion: ChatCompletion
  /** The JSON text of `completion` where an upstream answered whole and nobody changed it. */
  readonly source?: string
  /** The answer in the dialect of an upstream that answered whole, where that is another than OpenAI chat. */
  readonly native?: NativeText
  readonly text: string
  readonly reasoning: string
  readonly refusal: string | null
  readonly toolCalls: readonly ToolCall[]
  readonly finishReason: string | null
  readonly end: EndEvent
}

/**
 * Waits for the end of `events` and gives the whole answer.
 *
 * @throws UpstreamError `upstream_stream_truncated` where the events stop without an `end`, `upstream_empty_response`
 * where there was neither a chunk nor a completion.
 */
export async function collectAnswer(events: AsyncIterable<ChatEvent>): Promise<Answer> {
  const fold = new AnswerFold()
  for await (const event of events) fold.add(event)
  return fold.answer()
}

/** A partial answer in the making; `text` can be read at any time, `answer()` only after the end. */
export class AnswerFold {
  #whole: CompletionEvent | undefined
  #head: ChatChunk | undefined
  #fields: Record<string, unknown> = {}
  readonly #choices = new Map<number, ChoiceFold>()
  #end: EndEvent | undefined

  add(event: ChatEvent): void {
    switch (event.type) {
      case 'completion':
        this.#whole = event
        break
      case 'chunk':
        this.#addChunk(event.chunk)
        break
      case 'end':
        this.#end = event
        break
    }
  }

  /** The text of the first choice so far. */
  get text(): string {
    return this.#whole?.completion.choices[0]?.message.content ?? this.#choices.get(0)?.text ?? ''
  }

  answer(): Answer {
    if (!this.#end) throw new UpstreamError('upstream_stream_truncated', 'The answer stopped before its end.')
    const completion = this.#whole?.completion ?? this.#foldedCompletion()
    const [first] = completion.choices
    return {
      completion,
      ...(this.#whole?.source === undefined ? {} : { source: this.#whole.source }),
      ...(this.#whole?.native === undefined ? {} : { native: this.#whole.native }),
      text: first?.message.content ?? '',
      reasoning: first?.message.reasoning_content ?? first?.message.reasoning ?? '',
      refusal: first?.message.refusal ?? null,
      toolCalls: first?.message.tool_calls ?? [],
      finishReason: first?.finish_reason ?? null,
      end: this.#end,
    }
  }

  #addChunk(chunk: ChatChunk): void {
    this.#head ??= chunk
    Object.assign(this.#fields, chunk)
    for (const choice of chunk.choices) {
      let fold = this.#choices.get(choice.index)
      if (!fold) this.#choices.set(choice.index, (fold = new ChoiceFold()))
      fold.add(choice)
    }
  }

  #foldedCompletion(): ChatCompletion {
    if (!this.#head)
      throw new UpstreamError('upstream_empty_response', 'The upstream ended its stream without a chunk.')
    const choices = [...this.#choices].sort(([a], [b]) => a - b).map(([index, choice]) => choice.whole(index))
    const { id, created, model } = this.#head
    const usage = this.#end?.usage
    return {
      ...this.#fields,
      id,
      object: 'chat.completion',
      created,
      model,
      choices,
      ...(usage ? { usage } : {}),
    }
  }
}

/** Strings of a delta that grow from chunk to chunk. */
const growing: ReadonlySet<string> = new Set(['content', 'reasoning_content', 'reasoning', 'refusal'])
/** Fields of a choice that are not kept as they are. */
const folded: ReadonlySet<string> = new Set(['index', 'delta', 'finish_reason', 'logprobs'])

/**
 * One choice: strings that grow are joined, tool calls are joined by index, of anything else the last value stays. Runs
 * for every chunk of every answer: plain loops, nothing allocated that is not kept.
 */
class ChoiceFold {
  readonly #message: Record<string, unknown> = {}
  /** By the names of the fields. */
  readonly #growing = new Map<string, GrowingText>()
  readonly #fields: Record<string, unknown> = {}
  #finishReason: string | null = null
  readonly #toolCalls = new Map<number, Record<string, unknown>>()

  add(choice: ChunkChoice): void {
    this.#addDelta(choice.delta)
    this.#finishReason ??= choice.finish_reason
    for (const field in choice) if (!folded.has(field)) this.#fields[field] = choice[field]
    const logprobs = choice['logprobs']
    if (logprobs !== undefined) this.#fields['logprobs'] = joinLogprobs(this.#fields['logprobs'], logprobs)
  }

  /** Null where nothing has been said. */
  get text(): string | null {
    return this.#growing.get('content')?.read() ?? null
  }

  whole(index: number): CompletionChoice {
    const calls = [...this.#toolCalls].sort(([a], [b]) => a - b).map(([, call]) => call as unknown as ToolCall)
    const message: AnswerMessage = {
      role: 'assistant',
      ...this.#message,
      ...Object.fromEntries([...this.#growing].map(([field, text]) => [field, text.read()])),
      content: this.text,
      ...(calls.length > 0 ? { tool_calls: calls } : {}),
    }
    return { ...this.#fields, index, message, finish_reason: this.#finishReason }
  }

  #addDelta(delta: ChatDelta): void {
    for (const field in delta) {
      const value = delta[field]
      if (growing.has(field) && typeof value === 'string') this.#grow(field, value)
      else if (field === 'tool_calls') this.#addToolCalls(delta.tool_calls ?? [])
      else if (value !== null && field !== 'content') this.#message[field] = value
    }
  }

  #grow(field: string, piece: string): void {
    let text = this.#growing.get(field)
    if (!text) this.#growing.set(field, (text = new GrowingText()))
    text.add(piece)
  }

  #addToolCalls(deltas: readonly ToolCallDelta[]): void {
    for (const { index, function: part, ...fields } of deltas) {
      const call = this.#toolCalls.get(index) ?? { id: '', type: 'function', function: { name: '', arguments: '' } }
      const known = call['function'] as { readonly name: string; readonly arguments: string }
      this.#toolCalls.set(index, {
        ...call,
        ...fields,
        function: {
          ...known,
          ...part,
          name: part?.name ?? known.name,
          arguments: known.arguments + (part?.arguments ?? ''),
        },
      })
    }
  }
}

function joinLogprobs(before: unknown, next: unknown): unknown {
  const tokensOf = (value: unknown): readonly unknown[] | undefined => {
    const content = (value as { readonly content?: unknown } | null | undefined)?.content
    return Array.isArray(content) ? content : undefined
  }
  const tokens = tokensOf(before)
  const more = tokensOf(next)
  if (!tokens) return next
  return more ? { ...(before as object), content: [...tokens, ...more] } : before
}
