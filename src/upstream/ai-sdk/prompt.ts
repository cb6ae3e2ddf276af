/** From the messages of the OpenAI dialect to the prompt of the language model specification. */
import type {
  LanguageModelV4Message,
  LanguageModelV4Prompt,
  LanguageModelV4ToolCallPart,
  LanguageModelV4ToolResultOutput,
  LanguageModelV4ToolResultPart,
} from '@ai-sdk/provider'
import type { ChatMessage, ContentPart, ToolCall } from '../../chat/chat-request.ts'
import { RequestError } from '../../chat/errors.ts'
import { parseArguments } from '../../chat/loose-json.ts'
import { textOf } from '../../chat/message-text.ts'
import { providerOptionsOf } from './extra-content.ts'
import { filePartOf } from './file-part.ts'
import { reasoningPartsOf } from './reasoning.ts'

type UserMessage = Extract<LanguageModelV4Message, { role: 'user' }>
type AssistantMessage = Extract<LanguageModelV4Message, { role: 'assistant' }>

/**
 * The conversation as a provider takes it. System messages go before all others, because most providers take them
 * nowhere else; what is empty is left out, because some refuse it.
 *
 * @throws RequestError with the path of a message or part that cannot be meant
 */
export function promptOf(messages: readonly ChatMessage[]): LanguageModelV4Prompt {
  const toolNames = toolNamesIn(messages)
  const prompt: LanguageModelV4Prompt = messages.filter(isSystem).map(systemMessage)
  messages.forEach((message, index) => {
    if (isSystem(message)) return
    const translated = messageOf(message, `messages[${index}]`, toolNames)
    const last = prompt.at(-1)
    if (last?.role === 'tool' && translated.role === 'tool') last.content.push(...translated.content)
    else if (translated.content.length > 0) prompt.push(translated)
  })
  return prompt
}

function isSystem({ role }: ChatMessage): boolean {
  return role === 'system' || role === 'developer'
}

function systemMessage(message: ChatMessage): LanguageModelV4Message {
  return { role: 'system', content: textOf(message) }
}

function messageOf(
  message: ChatMessage,
  at: string,
  toolNames: ReadonlyMap<string, string>,
): Exclude<LanguageModelV4Message, { role: 'system' }> {
  switch (message.role) {
    case 'user':
      return { role: 'user', content: partsOf(message.content, at) }
    case 'assistant':
      return { role: 'assistant', content: assistantParts(message, at) }
    case 'tool':
      return { role: 'tool', content: [toolResult(message, at, toolNames)] }
    default:
      throw new RequestError('invalid_request', `${at}.role must be system, developer, user, assistant or tool.`, {
        param: `${at}.role`,
      })
  }
}

function partsOf(content: ChatMessage['content'], at: string): UserMessage['content'] {
  if (!content) return []
  if (typeof content === 'string') return [{ type: 'text', text: content }]
  return content.flatMap((part, index) => partOf(part, `${at}.content[${index}]`) ?? [])
}

function partOf(part: ContentPart, at: string): UserMessage['content'][number] | null {
  const { type, text } = part
  if (type === 'text' || type === 'input_text' || type === 'output_text')
    return text === undefined || text === '' ? null : { type: 'text', text }
  return filePartOf(part, at)
}

function assistantParts(message: ChatMessage, at: string): AssistantMessage['content'] {
  const calls = message.tool_calls ?? []
  return [
    ...reasoningPartsOf(message),
    ...textParts(message),
    ...calls.map((call, index) => toolCallPart(call, `${at}.tool_calls[${index}]`)),
  ]
}

function textParts(message: ChatMessage): { type: 'text'; text: string }[] {
  const { refusal } = message
  const text = textOf(message) || (typeof refusal === 'string' ? refusal : '')
  return text === '' ? [] : [{ type: 'text', text }]
}

function toolCallPart(call: ToolCall, at: string): LanguageModelV4ToolCallPart {
  const { id, function: called } = call
  if (!called) {
    const message = `${at} must be the call of a function.`
    throw new RequestError('unsupported_parameter', message, { param: at })
  }
  return {
    type: 'tool-call',
    toolCallId: id,
    toolName: called.name,
    input: parseArguments(called.arguments),
    ...providerOptionsOf(call),
  }
}

function toolResult(
  message: ChatMessage,
  at: string,
  names: ReadonlyMap<string, string>,
): LanguageModelV4ToolResultPart {
  const { tool_call_id: id } = message
  const name = id === undefined ? undefined : names.get(id)
  if (id === undefined || name === undefined) {
    const param = `${at}.tool_call_id`
    const told = `${param} must be the id of a tool call in an earlier message of the assistant.`
    throw new RequestError('invalid_request', told, { param })
  }
  return { type: 'tool-result', toolCallId: id, toolName: name, output: outputOf(message, at) }
}

function outputOf(message: ChatMessage, at: string): LanguageModelV4ToolResultOutput {
  const { content } = message
  const isText = !Array.isArray(content) || (content as readonly ContentPart[]).every(({ type }) => type === 'text')
  return isText ? { type: 'text', value: textOf(message) } : { type: 'content', value: partsOf(content, at) }
}

function toolNamesIn(messages: readonly ChatMessage[]): ReadonlyMap<string, string> {
  const calls = messages.flatMap((message) => message.tool_calls ?? [])
  return new Map(calls.map((call) => [call.id, call.function?.name ?? '']))
}
