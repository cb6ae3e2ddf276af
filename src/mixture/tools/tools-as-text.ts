import type { ChatMessage, ContentPart, ToolCall } from '../../chat/chat-request.ts'
import { textOf } from '../../chat/message-text.ts'
import { shortenText } from '../block/shorten-text.ts'

const maxResultCharacters = 4000

/**
 * The messages for a model that is given no tools: past calls become what the assistant said, results become what it was
 * told. Neighbours that thereby have the same role become one message, because many chat templates want turns to alternate.
 */
export function toolsAsText(messages: readonly ChatMessage[]): readonly ChatMessage[] {
  const names = new Map(messages.flatMap(callsOf).map((call) => [call.id, nameOf(call)]))
  const rewritten = new Set<ChatMessage>()
  const told: ChatMessage[] = []
  for (const message of messages) {
    let plain = plainMessage(message, names)
    if (plain !== message) rewritten.add(plain)
    const last = told.at(-1)
    if (last?.role === plain.role && (rewritten.has(last) || rewritten.has(plain))) {
      plain = { ...last, content: joinedContent(last, plain) }
      rewritten.add(plain)
      told.pop()
    }
    told.push(plain)
  }
  return told
}

/** True for a message that carries what a tool has answered. */
export function isToolResult({ role }: ChatMessage): boolean {
  return role === 'tool' || role === 'function'
}

function plainMessage(message: ChatMessage, names: ReadonlyMap<string, string>): ChatMessage {
  if (isToolResult(message)) {
    const name = names.get(message.tool_call_id ?? '') ?? message['name']
    const title = typeof name === 'string' ? `[Result of the tool ${name}]` : '[Result of a tool]'
    return { role: 'user', content: `${title}\n${shortenText(textOf(message), maxResultCharacters)}` }
  }
  const calls = callsOf(message)
  if (calls.length === 0) return message
  return { role: message.role, content: withCalls(textOf(message), calls, 'Called') }
}

/** A text with tool calls behind it, in words. */
export function withCalls(text: string, calls: readonly ToolCall[], verb: 'Called' | 'Calls'): string {
  const called = calls.map(
    (call) =>
      `[${verb} the tool ${nameOf(call)} with ${shortenText(call.function?.arguments ?? '{}', maxResultCharacters)}]`,
  )
  return [text, ...called].filter((line) => line !== '').join('\n')
}

/** Also of the older form, `function_call`. */
function callsOf(message: ChatMessage): readonly ToolCall[] {
  const older = message['function_call'] as ToolCall['function'] | null
  return message.tool_calls ?? (older ? [{ id: '', type: 'function', function: older }] : [])
}

function nameOf(call: ToolCall): string {
  return call.function?.name ?? call.type
}

function joinedContent(first: ChatMessage, second: ChatMessage): NonNullable<ChatMessage['content']> {
  if (typeof first.content === 'string' && typeof second.content === 'string')
    return `${first.content}\n\n${second.content}`
  return [...partsOf(first), ...partsOf(second)]
}

function partsOf({ content }: ChatMessage): readonly ContentPart[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : (content ?? [])
}
