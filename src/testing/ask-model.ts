/** Asks a model once and keeps all that can be seen of it: the events, the folded answer, the trace. */
import type { ChatEvent } from '../chat/chat-event.ts'
import type { ChatModel } from '../chat/chat-model.ts'
import {
  type Caller,
  type ChatBody,
  type ChatRequest,
  createChatRequest,
  type RequestOptions,
} from '../chat/chat-request.ts'
import { type Clock, systemClock } from '../chat/clock.ts'
import { type Answer, collectAnswer } from '../chat/collect-answer.ts'
import { textOf } from '../chat/message-text.ts'
import { createCallContext } from '../trace/call-context.ts'
import { createTrace, type SpanRecord, type Trace } from '../trace/trace.ts'

export interface AskOptions {
  /** Laid over a streamed request with one message of the user. */
  readonly body?: Partial<ChatBody>
  readonly options?: RequestOptions
  readonly caller?: Caller
  readonly clock?: Clock
  readonly signal?: AbortSignal
}

export interface Asked {
  readonly events: readonly ChatEvent[]
  readonly answer: Answer
  readonly trace: Trace
}

/** Resolves with the answer, or rejects with what the model throws. */
export async function askModel(model: ChatModel, asked: AskOptions = {}): Promise<Asked> {
  const { answer, ...rest } = beginAsking(model, asked)
  return { answer: await answer, ...rest }
}

/** The same while the answer forms: for tests that move a clock, or look at what a failed call has left behind. */
export function beginAsking(
  model: ChatModel,
  asked: AskOptions = {},
): { readonly events: readonly ChatEvent[]; readonly answer: Promise<Answer>; readonly trace: Trace } {
  const { clock = systemClock, signal } = asked
  const trace = createTrace('asked', clock)
  const context = createCallContext({ trace, clock, ...(signal ? { signal } : {}) })
  const events: ChatEvent[] = []
  const answer = collectAnswer(tee(model.chat(question(asked), context), events))
  return { events, answer, trace }
}

/** The spans of a stage, in the order in which they were opened. */
export function spansOf(trace: Trace, stage: SpanRecord['stage']): readonly SpanRecord[] {
  return trace.spans().filter((span) => span.stage === stage)
}

/** The names of what was noted on the root of a trace. */
export function notesOf(trace: Trace): readonly string[] {
  return trace.spans()[0]?.notes.map((note) => note.event) ?? []
}

/** The workers whose drafts became the answer, word for word. */
export function forwardedIn(trace: Trace): readonly string[] {
  const forwarded = spansOf(trace, 'worker').filter(({ notes }) =>
    notes.some(({ event }) => event === 'draft_forwarded'),
  )
  return forwarded.map(({ name }) => name)
}

/** The text of the last message in a request: the one that a mixture adds its block to. */
export function lastTextOf(request: ChatRequest | undefined): string {
  const last = request?.body.messages.at(-1)
  return last ? textOf(last) : ''
}

function question({ body, options = {}, caller = { headers: {} } }: AskOptions): ChatRequest {
  const messages = [{ role: 'user', content: 'What is 6 times 7?' }]
  return createChatRequest({ model: 'any', messages, stream: true, ...body }, { options, caller })
}

async function* tee(events: AsyncIterable<ChatEvent>, into: ChatEvent[]): AsyncGenerator<ChatEvent> {
  for await (const event of events) {
    into.push(event)
    yield event
  }
}
