import type { ChatBody } from '../../chat/chat-request.ts'
import { isObject } from '../../chat/loose-json.ts'
import {
  checkFields,
  type FieldRules,
  flag,
  invalidField,
  isBetween,
  isListOf,
  list,
  modelId,
  object,
  optional,
  required,
  sampling,
  tokenLimit,
} from '../field-rules.ts'

/** Says that the fields MoLLMR reads have a form it can read; throws a `RequestError` that names the first that has not. */
export function checkChatBody(body: Record<string, unknown>): ChatBody {
  checkFields(body, rules)
  checkMessages(body['messages'] as readonly unknown[])
  return body as ChatBody
}

const rules: FieldRules = Object.entries({
  model: modelId,
  messages: required('a list of at least one message', (value) => Array.isArray(value) && value.length > 0),
  stream: flag,
  stream_options: object,
  max_tokens: tokenLimit,
  max_completion_tokens: tokenLimit,
  ...sampling,
  seed: optional('a whole number', (value) => Number.isInteger(value)),
  n: optional('a whole number from 1 to 128', (value) => Number.isInteger(value) && isBetween(value, 1, 128)),
  stop: optional('a string or a list of strings', (value) => typeof value === 'string' || isListOf(value, 'string')),
  tools: list,
  response_format: optional('an object with a type', (value) => isObject(value) && typeof value['type'] === 'string'),
  logprobs: flag,
  metadata: object,
})

function checkMessages(messages: readonly unknown[]): void {
  messages.forEach((message, index) => {
    const at = `messages[${index}]`
    if (!isObject(message)) throw invalidField(at, 'an object with role and content')
    if (typeof message['role'] !== 'string') throw invalidField(`${at}.role`, 'a role: system, user, assistant or tool')
    checkContent(message['content'], `${at}.content`)
    const calls = message['tool_calls']
    if (calls !== undefined && calls !== null && !isListOf(calls, 'object'))
      throw invalidField(`${at}.tool_calls`, 'a list')
  })
}

function checkContent(content: unknown, at: string): void {
  if (content === undefined || content === null || typeof content === 'string') return
  if (!Array.isArray(content)) throw invalidField(at, 'a string, a list of parts or null')
  content.forEach((part: unknown, index) => {
    if (!isObject(part) || typeof part['type'] !== 'string') throw invalidField(`${at}[${index}]`, 'a part with a type')
    if (part['text'] !== undefined && typeof part['text'] !== 'string')
      throw invalidField(`${at}[${index}].text`, 'a string')
  })
}
