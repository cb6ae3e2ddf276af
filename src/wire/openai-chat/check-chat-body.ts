import type { ChatBody } from '../../chat/chat-request.ts'
import { RequestError } from '../../chat/errors.ts'

/** Says that the fields MoLLMR reads have a form it can read; throws a `RequestError` that names the first that has not. */
export function checkChatBody(body: Record<string, unknown>): ChatBody {
  for (const [field, rule] of rules) {
    const value = body[field]
    if (value === undefined ? rule.required : !rule.holds(value)) throw invalid(field, rule.wants)
  }
  checkMessages(body['messages'] as readonly unknown[])
  return body as ChatBody
}

interface Rule {
  readonly wants: string
  readonly holds: (value: unknown) => boolean
  readonly required: boolean
}

const isNull = (value: unknown): boolean => value === null
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)

function optional(wants: string, holds: (value: unknown) => boolean): Rule {
  return { wants: `${wants} or null`, holds: (value) => isNull(value) || holds(value), required: false }
}

const flag = optional('true or false', (value) => typeof value === 'boolean')
/** -1 and 0 are how some clients say "no limit". */
const tokenLimit = optional('a whole number', (value) => Number.isSafeInteger(value))

const rules: readonly (readonly [field: string, rule: Rule])[] = Object.entries<Rule>({
  model: {
    wants: 'the id of a model, a mixture or "router"',
    holds: (value) => typeof value === 'string' && value !== '',
    required: true,
  },
  messages: {
    wants: 'a list of at least one message',
    holds: (value) => Array.isArray(value) && value.length > 0,
    required: true,
  },
  stream: flag,
  stream_options: optional('an object', isObject),
  max_tokens: tokenLimit,
  max_completion_tokens: tokenLimit,
  temperature: optional('a number of at least 0', (value) => isNumber(value) && value >= 0),
  top_p: optional('a number from 0 to 1', (value) => isNumber(value) && isBetween(value, 0, 1)),
  seed: optional('a whole number', (value) => Number.isInteger(value)),
  n: optional('a whole number from 1 to 128', (value) => Number.isInteger(value) && isBetween(value as number, 1, 128)),
  stop: optional('a string or a list of strings', (value) => typeof value === 'string' || isListOf(value, 'string')),
  tools: optional('a list', Array.isArray),
  response_format: optional('an object with a type', (value) => isObject(value) && typeof value['type'] === 'string'),
  logprobs: flag,
  metadata: optional('an object', isObject),
})

function checkMessages(messages: readonly unknown[]): void {
  messages.forEach((message, index) => {
    const at = `messages[${index}]`
    if (!isObject(message)) throw invalid(at, 'an object with role and content')
    if (typeof message['role'] !== 'string') throw invalid(`${at}.role`, 'a role: system, user, assistant or tool')
    checkContent(message['content'], `${at}.content`)
    const calls = message['tool_calls']
    if (calls !== undefined && !isNull(calls) && !isListOf(calls, 'object')) throw invalid(`${at}.tool_calls`, 'a list')
  })
}

function checkContent(content: unknown, at: string): void {
  if (content === undefined || content === null || typeof content === 'string') return
  if (!Array.isArray(content)) throw invalid(at, 'a string, a list of parts or null')
  content.forEach((part: unknown, index) => {
    if (!isObject(part) || typeof part['type'] !== 'string') throw invalid(`${at}[${index}]`, 'a part with a type')
    if (part['text'] !== undefined && typeof part['text'] !== 'string')
      throw invalid(`${at}[${index}].text`, 'a string')
  })
}

function isBetween(value: number, low: number, high: number): boolean {
  return value >= low && value <= high
}

function isListOf(value: unknown, type: 'string' | 'object'): boolean {
  return Array.isArray(value) && value.every((item) => (type === 'object' ? isObject(item) : typeof item === type))
}

function invalid(param: string, wants: string): RequestError {
  return new RequestError('invalid_request', `${param} must be ${wants}.`, { param })
}
