/** Reads the body of `POST /v1/responses`: leniently, into the OpenAI chat body. */
import type { Caller, ChatBody, ChatMessage, ChatRequest, NativeText } from '../../chat/chat-request.ts'
import { RequestError } from '../../chat/errors.ts'
import { isObject } from '../../chat/loose-json.ts'
import {
  checkFields,
  type FieldRules,
  flag,
  invalidField,
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
import { type Item, itemsOf, readInput } from './read-input.ts'
import { isOwnItemId } from './response-object.ts'
import type { Named, ResponseShelf } from './response-shelf.ts'
import { type KnownTool, readResponseTools, readToolChoice } from './response-tools.ts'

export interface ResponsesRequest {
  readonly request: ChatRequest
  readonly dropped: readonly string[]
  /** The body as it was sent: much of it is said again in the response. */
  readonly fields: Readonly<Record<string, unknown>>
  /** The whole conversation, references resolved. */
  readonly input: readonly Item[]
  readonly tools: ReadonlyMap<string, KnownTool>
}

/** @throws RequestError `invalid_json`, `invalid_request`, `unsupported_parameter` with `param` */
export function parseResponsesRequest(bytes: Uint8Array, caller: Caller, shelf: ResponseShelf): ResponsesRequest {
  const { source, value: fields } = parseJsonBody(bytes)
  checkFields(fields, rules)
  refuseUnsupported(fields)
  const given = itemsOf(fields['input'])
  given.forEach(checkItem)
  const { input, holders } = resolve(fields, given, { shelf, owner: caller.key })
  const { messages, dropped } = readInput(input)
  const { functions, known, dropped: droppedTools } = readResponseTools(fields['tools'])
  const mollmr = fields['mollmr']
  const native = mollmr === undefined && !given.some(isOwnReasoning) ? nativeOf(source, holders) : undefined
  return {
    request: {
      body: { ...chatBodyOf(fields, messages), ...toolFields(fields, functions) },
      ...(native ? { native } : {}),
      options: mollmr === undefined ? {} : parseRequestOptions(mollmr),
      caller,
    },
    dropped: [...dropped, ...droppedTools],
    fields,
    input,
    tools: known,
  }
}

const rules: FieldRules = Object.entries({
  model: modelId,
  input: required('a text or a list of items', (value) => typeof value === 'string' || Array.isArray(value)),
  instructions: optional('a text', (value) => typeof value === 'string'),
  stream: flag,
  max_output_tokens: tokenLimit,
  ...sampling,
  tools: list,
  include: list,
  text: object,
  reasoning: object,
  metadata: object,
  parallel_tool_calls: flag,
  previous_response_id: optional('the id of a response', (value) => typeof value === 'string'),
})

function refuseUnsupported(fields: Readonly<Record<string, unknown>>): void {
  const wantsLogprobs = Number(fields['top_logprobs'] ?? 0) > 0
  const refused: Readonly<Record<string, boolean>> = {
    conversation: (fields['conversation'] ?? null) !== null,
    background: fields['background'] === true,
    prompt: (fields['prompt'] ?? null) !== null,
    top_logprobs: wantsLogprobs,
  }
  for (const [param, isAsked] of Object.entries(refused)) {
    if (isAsked) throw new RequestError('unsupported_parameter', `${param} is not supported here.`, { param })
  }
}

function checkItem(item: Item, index: number): void {
  const at = `input[${index}]`
  if ((item.type ?? 'message') !== 'message') return
  if (typeof item['role'] !== 'string') throw invalidField(`${at}.role`, 'a role: user, assistant, system or developer')
  const { content } = item
  if (typeof content !== 'string' && !Array.isArray(content)) throw invalidField(`${at}.content`, 'a text or a list')
}

function isReference({ type }: Item): boolean {
  return type === 'item_reference'
}

/** What a model thought that is none of the upstream's: servers look its id up, and refuse what they do not find. */
function isOwnReasoning({ type, id }: Item): boolean {
  return type === 'reasoning' && isOwnItemId(id)
}

/** The request as it came, for an upstream that knows all that it names; undefined where there is no such. */
function nativeOf(json: string, holders: ReadonlySet<string | null>): NativeText | undefined {
  const [heldBy] = holders
  if (holders.size > 1 || heldBy === null) return undefined
  return { dialect: 'openai-responses', json, ...(heldBy === undefined ? {} : { heldBy }) }
}

interface Memory {
  readonly shelf: ResponseShelf
  readonly owner: string | undefined
}

interface Resolved {
  readonly input: readonly Item[]
  /** Where what the request names is kept beside here; empty where it names nothing. */
  readonly holders: ReadonlySet<string | null>
}

/** The conversation with what it only names put in. */
function resolve(
  fields: Readonly<Record<string, unknown>>,
  given: readonly Item[],
  { shelf, owner }: Memory,
): Resolved {
  const previous = fields['previous_response_id']
  const holders = new Set<string | null>()
  const taken = ({ items, holder }: Named): readonly Item[] => {
    holders.add(holder)
    return items
  }
  const before = typeof previous === 'string' ? taken(shelf.conversation(previous, owner)) : []
  const items = given.flatMap((item, index) =>
    isReference(item) ? taken(shelf.item(String(item['id']), { owner, param: `input[${index}].id` })) : [item],
  )
  return { input: [...before, ...items], holders }
}

function chatBodyOf(fields: Readonly<Record<string, unknown>>, said: readonly ChatMessage[]): ChatBody {
  const { instructions, max_output_tokens: limit, temperature, top_p: topP, stream, reasoning } = fields
  const messages = typeof instructions === 'string' && instructions !== '' ? [system(instructions), ...said] : said
  if (messages.length === 0) throw invalidField('input', 'a text or a list of at least one item')
  const body: Record<string, unknown> = {
    ...(stream === true ? { stream, stream_options: { include_usage: true } } : {}),
    max_tokens: typeof limit === 'number' && limit > 0 ? limit : undefined,
    temperature,
    top_p: topP,
    reasoning_effort: isObject(reasoning) ? reasoning['effort'] : undefined,
    response_format: responseFormatOf(fields['text']),
    prompt_cache_key: fields['prompt_cache_key'],
  }
  const given = Object.fromEntries(Object.entries(body).filter(([, value]) => (value ?? null) !== null))
  return { model: fields['model'] as string, messages, ...given }
}

function toolFields(fields: Readonly<Record<string, unknown>>, functions: readonly object[]): Partial<ChatBody> {
  if (functions.length === 0) return {}
  const parallel = fields['parallel_tool_calls'] === false ? { parallel_tool_calls: false } : {}
  return { ...readToolChoice(fields['tool_choice'], functions), ...parallel }
}

function system(content: string): ChatMessage {
  return { role: 'system', content }
}

function responseFormatOf(text: unknown): object | undefined {
  const format = isObject(text) ? text['format'] : undefined
  if (!isObject(format)) return undefined
  const { type, ...schema } = format
  if (type === 'json_schema') return { type, json_schema: schema }
  return type === 'json_object' ? { type } : undefined
}
