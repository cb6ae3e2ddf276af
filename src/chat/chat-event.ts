/**
 * What a model hands up while it answers. An upstream that was asked to stream yields `chunk` events, one that was not
 * yields one `completion`; both carry the OpenAI objects with their unknown fields kept. `end` comes last, once.
 */
import type { NativeText, ToolCall } from './chat-request.ts'
import type { UsageTotal, WireUsage } from './usage.ts'

export interface ChatDelta {
  readonly role?: string
  readonly content?: string | null
  readonly reasoning_content?: string | null
  readonly reasoning?: string | null
  readonly refusal?: string | null
  readonly tool_calls?: readonly ToolCallDelta[] | null
  readonly [field: string]: unknown
}

export interface ToolCallDelta {
  readonly index: number
  readonly id?: string
  readonly type?: string
  readonly function?: { readonly name?: string; readonly arguments?: string }
  readonly [field: string]: unknown
}

export interface ChunkChoice {
  readonly index: number
  readonly delta: ChatDelta
  readonly finish_reason: string | null
  readonly [field: string]: unknown
}

/** A `chat.completion.chunk`. */
export interface ChatChunk {
  readonly id: string
  readonly object: string
  readonly created: number
  readonly model: string
  readonly choices: readonly ChunkChoice[]
  readonly usage?: WireUsage | null
  readonly [field: string]: unknown
}

export interface AnswerMessage {
  readonly role: string
  readonly content: string | null
  readonly reasoning_content?: string | null
  readonly reasoning?: string | null
  readonly refusal?: string | null
  readonly tool_calls?: readonly ToolCall[] | null
  readonly [field: string]: unknown
}

export interface CompletionChoice {
  readonly index: number
  readonly message: AnswerMessage
  readonly finish_reason: string | null
  readonly [field: string]: unknown
}

/** A `chat.completion`. */
export interface ChatCompletion {
  readonly id: string
  readonly object: string
  readonly created: number
  readonly model: string
  readonly choices: readonly CompletionChoice[]
  readonly usage?: WireUsage | null
  readonly [field: string]: unknown
}

export interface ChunkEvent {
  readonly type: 'chunk'
  readonly chunk: ChatChunk
  /** The JSON text that `chunk` was parsed from. Whoever changes the chunk makes an event without it. */
  readonly source?: string
  /** The frame that `chunk` was translated from, for a caller of its dialect. It goes the way of `source`. */
  readonly native?: NativeFrame
}

/** A frame of a stream in another dialect than OpenAI chat, as an upstream wrote it. */
export interface NativeFrame extends NativeText {
  /** The name of the event. */
  readonly event: string
  /** True where it shows that the server does something for the answer which no other dialect tells of: a search. */
  readonly showsWork?: boolean
}

export interface CompletionEvent {
  readonly type: 'completion'
  readonly completion: ChatCompletion
  /** The JSON text that `completion` was parsed from. Whoever changes the completion makes an event without it. */
  readonly source?: string
  /** The answer that `completion` was translated from, for a caller of its dialect. It goes the way of `source`. */
  readonly native?: NativeText
}

export interface EndEvent {
  readonly type: 'end'
  /** What the client's own prompt and the answer took, as OpenAI writes it; null where nobody said. */
  readonly usage: WireUsage | null
  /** The sum over all calls that were made below; set by mixtures, routers and recorded models. */
  readonly total?: UsageTotal
}

export type ChatEvent = ChunkEvent | CompletionEvent | EndEvent

/** True where a reader of the answer would see something new: text, reasoning, a refusal, a tool call, a tool at work. */
export function carriesContent(event: ChatEvent): boolean {
  switch (event.type) {
    case 'end':
      return false
    case 'completion':
      return true
    case 'chunk':
      return event.chunk.choices.some(({ delta }) => hasContent(delta)) || event.native?.showsWork === true
  }
}

function hasContent(delta: ChatDelta): boolean {
  return Boolean(
    delta.content || delta.reasoning_content || delta.reasoning || delta.refusal || delta.tool_calls?.length,
  )
}

/** All that an event says that a model had to write: text, reasoning, a refusal, the arguments of tool calls. */
export function saidIn(event: ChatEvent): string {
  let said = ''
  switch (event.type) {
    case 'end':
      break
    case 'completion':
      for (const { message } of event.completion.choices) said += textIn(message)
      break
    case 'chunk':
      for (const { delta } of event.chunk.choices) said += textIn(delta)
      break
  }
  return said
}

function textIn(part: ChatDelta | AnswerMessage): string {
  let text = (part.content ?? '') + (part.reasoning_content ?? '') + (part.reasoning ?? '') + (part.refusal ?? '')
  for (const call of part.tool_calls ?? []) text += call.function?.arguments ?? ''
  return text
}
