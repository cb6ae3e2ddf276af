/** The items that a response is made of. */
import type { Answer } from '../../chat/collect-answer.ts'
import { fieldsOf, parseLoosely } from '../../chat/loose-json.ts'
import type { Item } from './read-input.ts'
import type { KnownTool } from './response-tools.ts'

export type ItemStatus = 'in_progress' | 'completed' | 'incomplete'

export function textPart(text: string): object {
  return { type: 'output_text', text, annotations: [], logprobs: [] }
}

export function refusalPart(refusal: string): object {
  return { type: 'refusal', refusal }
}

export function messageItem(id: string, status: ItemStatus, content: readonly object[]): Item {
  return { id, type: 'message', status, role: 'assistant', content }
}

/** What a model thinks, as the summary that clients show. */
export function reasoningItem(id: string, text: string | null): Item {
  return { id, type: 'reasoning', summary: text === null ? [] : [{ type: 'summary_text', text }] }
}

/** One call of a tool. */
export interface ItemCall {
  readonly id: string
  readonly callId: string
  /** The name that the model called. */
  readonly sentName: string
  /** JSON. */
  readonly written: string
  readonly status: ItemStatus
}

export function callItem(call: ItemCall, tools: ReadonlyMap<string, KnownTool>): Item {
  const { id, callId, sentName, written, status } = call
  const { name, namespace, isCustom }: KnownTool = tools.get(sentName) ?? { name: sentName, isCustom: false }
  const named = { call_id: callId, name, ...(namespace === undefined ? {} : { namespace }) }
  return isCustom
    ? { id, type: 'custom_tool_call', status, ...named, input: customInput(written) }
    : { id, type: 'function_call', status, ...named, arguments: written }
}

/** The text of a tool that takes free text, out of the function's JSON; all of it where that is none. */
function customInput(written: string): string {
  const { input } = fieldsOf(parseLoosely(written))
  return typeof input === 'string' ? input : written
}

export interface ItemsOptions {
  readonly tools: ReadonlyMap<string, KnownTool>
  /** The id of the item at a place in the output. */
  readonly idOf: (prefix: string, index: number) => string
}

/** The output of a whole answer. */
export function outputItems(answer: Answer, { tools, idOf }: ItemsOptions): readonly Item[] {
  const items: Item[] = []
  const { reasoning, text, refusal, toolCalls } = answer
  const status = answer.finishReason === 'length' ? 'incomplete' : 'completed'
  if (reasoning) items.push(reasoningItem(idOf('rs', items.length), reasoning))
  const parts = [...(text ? [textPart(text)] : []), ...(refusal ? [refusalPart(refusal)] : [])]
  if (parts.length > 0) items.push(messageItem(idOf('msg', items.length), status, parts))
  for (const { id: callId, function: called } of toolCalls) {
    const id = idOf('fc', items.length)
    const call = { id, callId: callId || id, sentName: called?.name ?? '', written: called?.arguments ?? '' }
    items.push(callItem({ ...call, status: 'completed' }, tools))
  }
  return items
}
