/** The conversation of a Messages request as OpenAI messages: one message of Anthropic's may become several. */
import type { ChatMessage, ContentPart, ToolCall } from '../../chat/chat-request.ts'
import { textIn } from '../../chat/loose-json.ts'
import { type Block, blocksOf, contentOf, partsOf } from './read-blocks.ts'

/** The messages before and in the conversation. `body` has been checked. */
export function readMessages(body: Readonly<Record<string, unknown>>): readonly ChatMessage[] {
  const messages = body['messages'] as readonly { readonly role: string; readonly content: unknown }[]
  return [...systemMessages(body['system']), ...messages.flatMap(({ role, content }) => readMessage(role, content))]
}

/** Claude Code's first line of the system prompt changes with every request and would spoil every prompt cache. */
const billingLine = 'x-anthropic-billing-header'

function systemMessages(system: unknown): readonly ChatMessage[] {
  const texts = blocksOf(system)
    .map((block) => textIn(block, 'text'))
    .filter((text) => text !== '' && !text.startsWith(billingLine))
  return texts.length === 0 ? [] : [{ role: 'system', content: texts.join('\n\n') }]
}

function readMessage(role: string, content: unknown): readonly ChatMessage[] {
  const blocks = blocksOf(content)
  switch (role) {
    case 'assistant':
      return [assistantMessage(blocks)]
    case 'user':
      return userMessages(blocks)
    default:
      return systemMessages(content).map((message) => ({ ...message, role }))
  }
}

function assistantMessage(blocks: readonly Block[]): ChatMessage {
  const text = blocks.filter(({ type }) => type === 'text').map((block) => textIn(block, 'text'))
  const thinking = blocks.filter(({ type }) => type === 'thinking').map((block) => textIn(block, 'thinking'))
  const calls = blocks.filter(({ type }) => type === 'tool_use').map(readToolUse)
  return {
    role: 'assistant',
    content: text.length === 0 && calls.length > 0 ? null : text.join(''),
    ...(thinking.length > 0 ? { reasoning_content: thinking.join('\n\n') } : {}),
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  }
}

function readToolUse(block: Block): ToolCall {
  return {
    id: textIn(block, 'id'),
    type: 'function',
    function: { name: textIn(block, 'name'), arguments: JSON.stringify(block['input'] ?? {}) },
  }
}

/** Results come first, because they must follow their calls; then what the user says beside them. */
function userMessages(blocks: readonly Block[]): readonly ChatMessage[] {
  const results = blocks.filter(({ type }) => type === 'tool_result')
  const [reminders, said] = divide(
    blocks.filter(({ type }) => type !== 'tool_result'),
    (block) => results.length > 0 && isReminder(block),
  )
  const answers = withReminders(results.map(toolMessage), reminders)
  const parts = [...results.flatMap(picturesOf), ...said.flatMap(partsOf)]
  return parts.length === 0 && answers.length > 0 ? answers : [...answers, { role: 'user', content: contentOf(parts) }]
}

function toolMessage(block: Block): ChatMessage {
  const parts = blocksOf(block['content']).flatMap(partsOf)
  const text = parts.flatMap((part) => (part.type === 'text' ? [part.text ?? ''] : [])).join('\n\n')
  const shown = text === '' && parts.length > 0 ? '[The result is shown below.]' : text
  return {
    role: 'tool',
    tool_call_id: textIn(block, 'tool_use_id'),
    content: block['is_error'] === true ? `[The tool failed]\n${shown}` : shown,
  }
}

/** The result of a tool is text in the OpenAI API; pictures follow as the user's. */
function picturesOf(block: Block): readonly ContentPart[] {
  return blocksOf(block['content'])
    .flatMap(partsOf)
    .filter(({ type }) => type !== 'text')
}

/** Claude Code's own remarks beside a result: not a turn of the user, which might change the route. */
function isReminder(block: Block): boolean {
  return block.type === 'text' && textIn(block, 'text').trimStart().startsWith('<system-reminder>')
}

function withReminders(answers: readonly ChatMessage[], reminders: readonly Block[]): readonly ChatMessage[] {
  const last = answers.at(-1)
  if (!last || reminders.length === 0) return answers
  const texts = [last.content as string, ...reminders.map((block) => textIn(block, 'text'))]
  return answers.with(-1, { ...last, content: texts.join('\n\n') })
}

function divide<T>(items: readonly T[], belongs: (item: T) => boolean): readonly [T[], T[]] {
  return [items.filter(belongs), items.filter((item) => !belongs(item))]
}
