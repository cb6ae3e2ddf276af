/** Conversations as strict servers and chat templates take them. Each function keeps the messages that need no change. */
import type { ChatMessage } from '../../chat/chat-request.ts'
import { appendText, prependText, textOf } from '../../chat/message-text.ts'

type Messages = readonly ChatMessage[]

/** `developer` is the newer name of `system`. */
export function renameDeveloper(messages: Messages): Messages {
  return messages.map((message) => (message.role === 'developer' ? { ...message, role: 'system' } : message))
}

/** One system message, before all others. */
export function putSystemFirst(messages: Messages): Messages {
  const [first] = messages
  const system = messages.filter(isSystem)
  if (system.length === 0 || (system.length === 1 && first && isSystem(first))) return messages
  return [{ role: 'system', content: joined(system) }, ...messages.filter((message) => !isSystem(message))]
}

/** For templates without a system role: its text goes before the first message of the user. */
export function foldSystemIntoUser(messages: Messages): Messages {
  const system = messages.filter(isSystem)
  if (system.length === 0) return messages
  const text = joined(system)
  const others = messages.filter((message) => !isSystem(message))
  const first = others.findIndex(({ role }) => role === 'user')
  if (first < 0) return [{ role: 'user', content: text }, ...others]
  return others.map((message, index) => (index === first ? prependText(message, text) : message))
}

/** Turns of the same speaker become one; calls of tools and their results stay as they are. */
export function mergeTurns(messages: Messages): Messages {
  const turns: ChatMessage[] = []
  for (const message of messages) {
    const last = turns.at(-1)
    if (last && isMergeable(last) && isMergeable(message) && last.role === message.role)
      turns[turns.length - 1] = withContentOf(last, message)
    else turns.push(message)
  }
  return turns
}

/** A conversation that ends with the assistant asks for it to go on. */
export function endWithUser(messages: Messages): Messages {
  return messages.at(-1)?.role === 'assistant' ? [...messages, { role: 'user', content: 'Continue.' }] : messages
}

/** Lists of nothing but text, and null, become texts. */
export function flattenContent(messages: Messages): Messages {
  return messages.map((message) => {
    const { content } = message
    if (content === null) return { ...message, content: '' }
    const isTextList =
      content !== undefined && typeof content !== 'string' && content.every(({ type }) => type === 'text')
    return isTextList ? { ...message, content: textOf(message) } : message
  })
}

function isSystem({ role }: ChatMessage): boolean {
  return role === 'system' || role === 'developer'
}

function joined(messages: Messages): string {
  return messages.map(textOf).join('\n\n')
}

function isMergeable({ role, tool_calls: calls }: ChatMessage): boolean {
  return (role === 'user' || role === 'assistant') && !calls?.length
}

function withContentOf(message: ChatMessage, next: ChatMessage): ChatMessage {
  if (typeof next.content === 'string') return appendText(message, next.content)
  if (!next.content) return message
  const before =
    typeof message.content === 'string' ? [{ type: 'text', text: message.content }] : (message.content ?? [])
  return { ...message, content: [...before, ...next.content] }
}
