/** The words of a conversation, whatever form its content has. */
import type { ChatMessage } from './chat-request.ts'

/** The text of a message; parts that are not text are left out, text parts are joined by a line break. */
export function textOf(message: ChatMessage): string {
  const { content } = message
  if (typeof content === 'string') return content
  if (!content) return ''
  return content
    .map((part) => part.text ?? '')
    .filter((text) => text !== '')
    .join('\n')
}

/** The last message of the user; undefined where there is none. */
export function lastUserMessage(messages: readonly ChatMessage[]): ChatMessage | undefined {
  return messages.findLast((message) => message.role === 'user')
}

/** True where the model can act: tools are offered and `tool_choice` does not forbid them. */
export function offersTools(body: {
  readonly tools?: readonly unknown[] | null
  readonly tool_choice?: unknown
}): boolean {
  return (body.tools?.length ?? 0) > 0 && body.tool_choice !== 'none'
}

/** The message with `text` behind what it says: a text stays a text, because some servers take no list of parts. */
export function appendText(message: ChatMessage, text: string): ChatMessage {
  const { content } = message
  if (!content) return { ...message, content: text }
  if (typeof content === 'string') return { ...message, content: `${content}\n\n${text}` }
  return { ...message, content: [...content, { type: 'text', text }] }
}

/** The message with `text` before what it says. */
export function prependText(message: ChatMessage, text: string): ChatMessage {
  const { content } = message
  if (!content) return { ...message, content: text }
  if (typeof content === 'string') return { ...message, content: `${text}\n\n${content}` }
  return { ...message, content: [{ type: 'text', text }, ...content] }
}
