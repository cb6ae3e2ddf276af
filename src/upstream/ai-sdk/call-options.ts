/** From a chat request to the options of the language model specification: settings, format, reasoning, tools. */
import type { LanguageModelV4CallOptions, SharedV4ProviderOptions } from '@ai-sdk/provider'
import type { ChatBody } from '../../chat/chat-request.ts'
import { RequestError } from '../../chat/errors.ts'
import { promptOf } from './prompt.ts'
import { reasoningPartsOf } from './reasoning.ts'
import { toolChoiceOf, toolsOf } from './tools.ts'
import { isObject } from '../../chat/loose-json.ts'

export interface CallDefaults {
  /** Sent where the request sets no limit; undefined: the provider decides. */
  readonly maxTokens?: number
  /** True where a model that reasons takes back its own tool calls only with the signed reasoning before them. */
  readonly needsSignedReasoning?: boolean
}

/** @throws RequestError with the path of what cannot be passed on */
export function callOptionsOf(body: ChatBody, defaults: CallDefaults, signal: AbortSignal): LanguageModelV4CallOptions {
  refuseUnsupported(body)
  const maxOutputTokens = limitOf(body) ?? defaults.maxTokens
  const stopSequences = typeof body.stop === 'string' ? [body.stop] : body.stop
  return {
    prompt: promptOf(body.messages),
    ...numbersOf(body),
    ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
    ...(stopSequences ? { stopSequences: [...stopSequences] } : {}),
    ...responseFormatOf(body),
    ...(losesReasoning(body, defaults) ? {} : reasoningOf(body)),
    ...toolsOf(body.tools ?? []),
    ...toolChoiceOf(body),
    ...providerOptionsOf(body),
    abortSignal: signal,
  }
}

/** Better an error than an answer that silently lacks what was asked for. */
function refuseUnsupported({ n, logprobs }: ChatBody): void {
  if (typeof n === 'number' && n > 1) throw unsupported('n', 'n above 1 is not offered by this kind of upstream.')
  if (logprobs === true) throw unsupported('logprobs', 'logprobs are not given by this kind of upstream.')
}

function limitOf({ max_completion_tokens: newer, max_tokens: older }: ChatBody): number | undefined {
  const limit = newer ?? older ?? 0
  return limit > 0 ? limit : undefined
}

const numbers = {
  temperature: 'temperature',
  top_p: 'topP',
  top_k: 'topK',
  presence_penalty: 'presencePenalty',
  frequency_penalty: 'frequencyPenalty',
  seed: 'seed',
} as const

type NumberOptions = Pick<LanguageModelV4CallOptions, (typeof numbers)[keyof typeof numbers]>

function numbersOf(body: ChatBody): NumberOptions {
  const given = Object.entries(numbers).filter(([field]) => typeof body[field] === 'number')
  return Object.fromEntries(given.map(([field, option]) => [option, body[field]]))
}

function responseFormatOf({ response_format: format }: ChatBody): Pick<LanguageModelV4CallOptions, 'responseFormat'> {
  if (format?.type === 'json_object') return { responseFormat: { type: 'json' } }
  if (format?.type !== 'json_schema') return {}
  const { name, schema } = format.json_schema ?? {}
  const description = (format.json_schema as { readonly description?: unknown } | undefined)?.description
  return {
    responseFormat: {
      type: 'json',
      ...(isObject(schema) ? { schema } : {}),
      ...(name === undefined ? {} : { name }),
      ...(typeof description === 'string' ? { description } : {}),
    },
  }
}

/**
 * True where the model cannot reason: the client has not kept the signed reasoning of the tool calls whose results it
 * brings, and the provider would refuse the request.
 */
export function losesReasoning(body: ChatBody, { needsSignedReasoning }: CallDefaults): boolean {
  if (needsSignedReasoning !== true || (body['reasoning_effort'] ?? 'none') === 'none') return false
  if (body.messages.at(-1)?.role !== 'tool') return false
  const calling = body.messages.findLast(({ role }) => role === 'assistant')
  return calling !== undefined && reasoningPartsOf(calling).length === 0
}

const efforts = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const

function reasoningOf(body: ChatBody): Pick<LanguageModelV4CallOptions, 'reasoning'> {
  const asked = body['reasoning_effort']
  const reasoning = efforts.find((effort) => effort === asked)
  if (reasoning) return { reasoning }
  if (asked === undefined || asked === null) return {}
  const message = `reasoning_effort must be one of ${efforts.join(', ')}.`
  throw new RequestError('invalid_request', message, { param: 'reasoning_effort' })
}

/** `provider_options` holds what only one provider knows, by its name: `{ anthropic: { thinking: … } }`. */
function providerOptionsOf(body: ChatBody): Pick<LanguageModelV4CallOptions, 'providerOptions'> {
  const given = body['provider_options'] ?? {}
  if (!isObject(given) || !Object.values(given).every(isObject)) {
    const message = 'provider_options must be an object of objects, by the name of the provider.'
    throw new RequestError('invalid_request', message, { param: 'provider_options' })
  }
  const options = given as SharedV4ProviderOptions
  if (body['parallel_tool_calls'] !== false) return { providerOptions: options }
  // Of the providers, only Anthropic's has a word for it; the others do not read what is written under its name.
  return { providerOptions: { ...options, anthropic: { disableParallelToolUse: true, ...options['anthropic'] } } }
}

function unsupported(param: string, message: string): RequestError {
  return new RequestError('unsupported_parameter', message, { param })
}
