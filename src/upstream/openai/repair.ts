/** What servers leave out of chunks and completions, filled in so that strict clients can read them. */
import type { ChatChunk, ChatCompletion, ChunkChoice, CompletionChoice, ToolCallDelta } from '../../chat/chat-event.ts'
import { type Fields, isObject } from '../../chat/loose-json.ts'

/** An object of the answer, and whether anything had to be filled in. */
export interface Repaired<T> {
  readonly value: T
  readonly changed: boolean
}

const chunkObject = 'chat.completion.chunk'

/** Stands for `id` and `created` where a server says none; one for a whole stream. */
export interface AnswerIdentity {
  readonly id: string
  readonly created: number
}

/** A chunk with everything it must have; null where it is no chunk at all. */
export function repairChunk(parsed: unknown, identity: AnswerIdentity): Repaired<ChatChunk> | null {
  if (!isObject(parsed)) return null
  const { choices } = parsed
  if (Array.isArray(choices)) {
    if (hasHead(parsed) && choices.every(isWholeChunkChoice))
      return { value: parsed as unknown as ChatChunk, changed: false }
    return {
      value: fillHead(parsed, identity, {
        object: chunkObject,
        choices: choices.filter(isObject).map(fillChunkChoice),
      }) as ChatChunk,
      changed: true,
    }
  }
  if (!isObject(parsed['usage'])) return null
  return { value: fillHead(parsed, identity, { object: chunkObject, choices: [] }) as ChatChunk, changed: true }
}

/** A completion with everything it must have; null where it has no list of choices. */
export function repairCompletion(parsed: unknown, identity: AnswerIdentity): Repaired<ChatCompletion> | null {
  if (!isObject(parsed) || !Array.isArray(parsed['choices'])) return null
  const choices: unknown[] = parsed['choices']
  if (hasHead(parsed) && choices.every(isWholeChoice))
    return { value: parsed as unknown as ChatCompletion, changed: false }
  return {
    value: fillHead(parsed, identity, {
      object: 'chat.completion',
      choices: choices.filter(isObject).map(fillChoice),
    }) as ChatCompletion,
    changed: true,
  }
}

function hasHead({ id, created, model }: Fields): boolean {
  return typeof id === 'string' && typeof created === 'number' && typeof model === 'string'
}

function fillHead(
  parsed: Fields,
  identity: AnswerIdentity,
  fallback: { readonly object: string; readonly choices: readonly unknown[] },
): unknown {
  const { id, created, model, object } = parsed
  return {
    ...parsed,
    id: typeof id === 'string' ? id : identity.id,
    object: object ?? fallback.object,
    created: typeof created === 'number' ? created : identity.created,
    model: typeof model === 'string' ? model : '',
    choices: fallback.choices,
  }
}

function isWholeChunkChoice(choice: unknown): boolean {
  if (!isObject(choice)) return false
  const { index, delta, finish_reason: finishReason } = choice
  if (typeof index !== 'number' || !isObject(delta) || finishReason === undefined) return false
  const calls = delta['tool_calls']
  return !Array.isArray(calls) || calls.every((call) => isObject(call) && typeof call['index'] === 'number')
}

function fillChunkChoice(choice: Fields, position: number): ChunkChoice {
  const { index, finish_reason: finishReason } = choice
  const delta = isObject(choice['delta']) ? choice['delta'] : {}
  const calls = delta['tool_calls']
  return {
    ...choice,
    index: typeof index === 'number' ? index : position,
    delta: Array.isArray(calls) ? { ...delta, tool_calls: calls.filter(isObject).map(fillToolCall) } : delta,
    finish_reason: typeof finishReason === 'string' ? finishReason : null,
  }
}

function fillToolCall(call: Fields, position: number): ToolCallDelta {
  return { ...call, index: typeof call['index'] === 'number' ? call['index'] : position }
}

function isWholeChoice(choice: unknown): boolean {
  if (!isObject(choice) || typeof choice['index'] !== 'number' || choice['finish_reason'] === undefined) return false
  const { message } = choice
  return isObject(message) && typeof message['role'] === 'string' && message['content'] !== undefined
}

function fillChoice(choice: Fields, position: number): CompletionChoice {
  const { index, finish_reason: finishReason, message } = choice
  return {
    ...choice,
    index: typeof index === 'number' ? index : position,
    message: { role: 'assistant', content: null, ...(isObject(message) ? message : {}) },
    finish_reason: typeof finishReason === 'string' ? finishReason : null,
  }
}
