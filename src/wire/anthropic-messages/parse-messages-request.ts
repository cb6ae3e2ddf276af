/**
 * Reads the body of `POST /v1/messages`: leniently, into the OpenAI chat body. What only Anthropic's servers understand
 * (cache marks, beta fields, their own tools) does not reach other models; it stays in `native` for one that is Anthropic's.
 */
import type { Caller, ChatBody, ChatRequest } from '../../chat/chat-request.ts'
import { isObject, textIn } from '../../chat/loose-json.ts'
import {
  checkFields,
  type FieldRules,
  flag,
  invalidField,
  isListOf,
  list,
  modelId,
  object,
  optional,
  required,
  sampling,
  tokenLimit,
} from '../field-rules.ts'
import { parseJsonBody } from '../parse-json-body.ts'
import { parseRequestOptions } from '../request-options.ts'
import { type Block, blocksOf, isBlock } from './read-blocks.ts'
import { readMessages } from './read-messages.ts'
import { readToolChoice, readTools } from './read-tools.ts'

export interface MessagesRequest {
  readonly request: ChatRequest
  readonly dropped: readonly string[]
  /** Whether the caller expects to be shown thinking. */
  readonly showsThinking: boolean
  readonly stopSequences: readonly string[]
}

/** @throws RequestError `invalid_json`, `invalid_request` with `param` */
export function parseMessagesRequest(bytes: Uint8Array, caller: Caller): MessagesRequest {
  const { source, value: fields } = parseJsonBody(bytes)
  checkFields(fields, rules)
  checkMessages(fields['messages'] as readonly unknown[])
  const { tools, dropped } = readTools(fields['tools'])
  const body = chatBodyOf(fields, tools)
  const mollmr = fields['mollmr']
  const isNative = mollmr === undefined && !holdsOwnThinking(fields['messages'])
  return {
    request: {
      body,
      ...(isNative ? { native: { dialect: 'anthropic-messages', json: source } } : {}),
      options: mollmr === undefined ? {} : parseRequestOptions(mollmr),
      caller,
    },
    dropped: [...Object.keys(fields).filter((field) => !understood.has(field)), ...dropped],
    showsThinking: thinks(fields['thinking']),
    stopSequences: (fields['stop_sequences'] ?? []) as readonly string[],
  }
}

const rules: FieldRules = Object.entries({
  model: modelId,
  messages: required('a list of at least one message', (value) => Array.isArray(value) && value.length > 0),
  system: optional('a string or a list of text blocks', isContent),
  stream: flag,
  max_tokens: tokenLimit,
  ...sampling,
  top_k: optional('a whole number', (value) => Number.isSafeInteger(value)),
  stop_sequences: optional('a list of strings', (value) => isListOf(value, 'string')),
  tools: list,
  tool_choice: object,
  thinking: object,
  output_config: object,
  metadata: object,
})

const understood: ReadonlySet<string> = new Set([...rules.map(([field]) => field), 'mollmr', 'output_format'])

function isContent(value: unknown): boolean {
  return typeof value === 'string' || (Array.isArray(value) && value.every(isBlock))
}

function checkMessages(messages: readonly unknown[]): void {
  messages.forEach((message, index) => {
    const at = `messages[${index}]`
    if (!isObject(message)) throw invalidField(at, 'an object with role and content')
    if (typeof message['role'] !== 'string') throw invalidField(`${at}.role`, 'a role: user, assistant or system')
    if (!isContent(message['content'])) throw invalidField(`${at}.content`, 'a string or a list of content blocks')
  })
}

/** The dialect demands `max_tokens`, so programs send the most that any model has; so much is no limit. */
const noLimitFromTokens = 32_000

function chatBodyOf(fields: Readonly<Record<string, unknown>>, tools: readonly object[]): ChatBody {
  const { max_tokens: limit, temperature, top_p: topP, top_k: topK, stop_sequences: stop, stream } = fields
  const isLimit = typeof limit === 'number' && limit > 0 && limit < noLimitFromTokens
  const body: Record<string, unknown> = {
    ...(isLimit ? { max_tokens: limit } : {}),
    ...(stream === true ? { stream, stream_options: { include_usage: true } } : {}),
    temperature,
    top_p: topP,
    top_k: topK,
    stop: isListOf(stop, 'string') && (stop as readonly string[]).length > 0 ? stop : undefined,
    ...(tools.length > 0 ? { tools, ...readToolChoice(fields['tool_choice']) } : {}),
    reasoning_effort: effortOf(fields),
    response_format: responseFormatOf(fields),
  }
  const said = Object.fromEntries(Object.entries(body).filter(([, value]) => (value ?? null) !== null))
  return { model: fields['model'] as string, messages: readMessages(fields), ...said }
}

function thinks(thinking: unknown): boolean {
  return isObject(thinking) && thinking['type'] !== 'disabled' && thinking['display'] !== 'omitted'
}

const efforts: Readonly<Record<string, string>> = {
  low: 'low',
  medium: 'medium',
  high: 'high',
  xhigh: 'high',
  max: 'high',
}
const budgets: readonly (readonly [below: number, effort: string])[] = [
  [4096, 'low'],
  [16_384, 'medium'],
  [Infinity, 'high'],
]

/** From `output_config.effort`, else from the budget of thinking tokens. */
function effortOf({ thinking, output_config: config }: Readonly<Record<string, unknown>>): string | undefined {
  const effort = isObject(config) ? efforts[String(config['effort'])] : undefined
  const budget = isObject(thinking) ? thinking['budget_tokens'] : undefined
  return effort ?? (typeof budget === 'number' ? budgets.find(([below]) => budget < below)?.[1] : undefined)
}

function responseFormatOf(fields: Readonly<Record<string, unknown>>): object | undefined {
  const config = fields['output_config']
  const format = (isObject(config) ? config['format'] : undefined) ?? fields['output_format']
  if (!isObject(format) || format['type'] !== 'json_schema') return undefined
  return { type: 'json_schema', json_schema: { name: 'answer', strict: true, schema: format['schema'] } }
}

/** Thinking that another model wrote has no signature, and Anthropic refuses it. */
function holdsOwnThinking(messages: unknown): boolean {
  return (messages as readonly { readonly content: unknown }[]).some(({ content }) =>
    blocksOf(content).some((block: Block) => block.type === 'thinking' && textIn(block, 'signature') === ''),
  )
}
