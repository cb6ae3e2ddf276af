/** Writes answers as Anthropic's `message` objects. */
import type { Answer } from '../../chat/collect-answer.ts'
import { parseArguments } from '../../chat/loose-json.ts'
import { parseUsage, type WireUsage } from '../../chat/usage.ts'
import { spliceModel } from '../openai-chat/splice-model.ts'

/** What the request says about how its answer is written. */
export interface MessageStyle {
  /** The id that the caller asked for. */
  readonly model: string
  readonly showsThinking: boolean
  readonly stopSequences: readonly string[]
}

/** How an answer ended, in Anthropic's words. */
export interface StopFields {
  readonly stop_reason: string | null
  readonly stop_sequence: string | null
  readonly stop_details: null
}

const stopReasons: Readonly<Record<string, string>> = {
  stop: 'end_turn',
  length: 'max_tokens',
  tool_calls: 'tool_use',
  function_call: 'tool_use',
  content_filter: 'refusal',
}

/**
 * @param finishReason OpenAI's
 * @param stoppedBy what some servers (vLLM) say in a choice's `stop_reason`: the stop sequence that was met
 */
export function stopFieldsOf(finishReason: string | null, stoppedBy: unknown, style: MessageStyle): StopFields {
  if (typeof stoppedBy === 'string' && style.stopSequences.includes(stoppedBy)) {
    return { stop_reason: 'stop_sequence', stop_sequence: stoppedBy, stop_details: null }
  }
  const reason = stopReasons[finishReason ?? 'stop'] ?? 'end_turn'
  return { stop_reason: reason, stop_sequence: null, stop_details: null }
}

/** Anthropic counts cached tokens beside `input_tokens`, OpenAI within. What nobody counted is 0. */
export function messageUsageOf(wire: WireUsage | null): Record<string, unknown> {
  const usage = parseUsage(wire) ?? { promptTokens: 0, completionTokens: 0, cachedTokens: 0, reasoningTokens: 0 }
  return {
    input_tokens: Math.max(0, usage.promptTokens - usage.cachedTokens),
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: usage.cachedTokens,
    output_tokens: usage.completionTokens,
    output_tokens_details: { thinking_tokens: usage.reasoningTokens },
    server_tool_use: null,
    ...(wire?.['mollmr'] === undefined ? {} : { mollmr: wire['mollmr'] }),
  }
}

/** A message before it has said anything. */
export function emptyMessage(requestId: string, model: string): Record<string, unknown> {
  return {
    id: messageIdOf(requestId),
    type: 'message',
    role: 'assistant',
    model,
    content: [],
    container: null,
    stop_reason: null,
    stop_sequence: null,
    stop_details: null,
    usage: messageUsageOf(null),
  }
}

/** The JSON of a whole message; one that an upstream of this dialect wrote keeps every byte but its model. */
export function writeMessage(answer: Answer, style: MessageStyle, { requestId, usage }: AnswerParts): string {
  if (answer.native?.dialect === 'anthropic-messages') return spliceModel(answer.native.json, style.model)
  const [choice] = answer.completion.choices
  return JSON.stringify({
    ...emptyMessage(requestId, style.model),
    content: contentBlocks(answer, style),
    ...stopFieldsOf(answer.refusal ? 'content_filter' : answer.finishReason, choice?.['stop_reason'], style),
    usage: messageUsageOf(usage),
  })
}

export interface AnswerParts {
  readonly requestId: string
  readonly usage: WireUsage | null
}

/** The block that opens a tool call, before its arguments are known. */
export function toolUseBlock(id: string, name: string, input: unknown = {}): object {
  return { type: 'tool_use', id, name, input }
}

function contentBlocks({ reasoning, text, refusal, toolCalls }: Answer, style: MessageStyle): readonly object[] {
  const said = text || refusal
  return [
    ...(style.showsThinking && reasoning ? [{ type: 'thinking', thinking: reasoning, signature: '' }] : []),
    ...(said ? [{ type: 'text', text: said, citations: null }] : []),
    ...toolCalls.map(({ id, function: called }) =>
      toolUseBlock(id, called?.name ?? '', parseArguments(called?.arguments)),
    ),
  ]
}

function messageIdOf(requestId: string): string {
  return `msg_${requestId.replace(/^req_/, '')}`
}
