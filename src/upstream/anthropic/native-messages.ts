/**
 * A model of Anthropic's, or of a server that speaks its Messages API. A request that came in as Anthropic's goes out as
 * it is, and so does its answer: cache marks, signatures, beta fields and whatever is new are not lost. Every other
 * request goes through the bridge to the provider package.
 */
import type { Dispatcher } from 'undici'
import type { CallContext } from '../../chat/call-context.ts'
import { type ChatModel, type ModelCard, wrapModel } from '../../chat/chat-model.ts'
import type { Caller } from '../../chat/chat-request.ts'
import { type EventTap, tapEvents } from '../../chat/tap-events.ts'
import { spliceModel } from '../../wire/openai-chat/splice-model.ts'
import { usualAnswerCharacters } from '../answer-limit.ts'
import { Exchange, postTo } from '../http/exchange.ts'
import type { FailingModel } from '../http/failure.ts'
import { openAnswer } from '../http/open-answer.ts'
import { readMessage, readMessageStream } from './read-message.ts'

export interface NativeMessagesOptions {
  /** With its version: `https://api.anthropic.com/v1`. */
  readonly baseUrl: string
  /** What the server calls the model. */
  readonly name: string
  readonly apiKey: string
  readonly headers: Readonly<Record<string, string>>
  readonly dispatcher: Dispatcher
  /** Default: 4 Mi characters. */
  readonly maxAnswerCharacters?: number
}

const usualVersion = '2023-06-01'

/** The same model, which hands on what is already in its own dialect. */
export function withNativeMessages(bridged: ChatModel, options: NativeMessagesOptions): ChatModel {
  const client: Client = {
    ...options,
    target: postTo(new URL(`${options.baseUrl}/messages`)),
    model: failingModelOf(bridged, options),
  }
  const card: ModelCard = { ...bridged.card, speaks: ['anthropic-messages'] }
  return wrapModel({ ...bridged, card }, (request, context) => {
    const { native, body, caller } = request
    if (native?.dialect !== 'anthropic-messages') return bridged.chat(request, context)
    const sent = { json: native.json, isStreamed: body.stream === true, headers: caller.headers }
    return tapEvents(() => send(client, sent, context))
  })
}

interface Client extends NativeMessagesOptions {
  readonly target: ReturnType<typeof postTo>
  readonly model: FailingModel
}

interface NativeRequest {
  readonly json: string
  readonly isStreamed: boolean
  /** The caller's. */
  readonly headers: Caller['headers']
}

function failingModelOf({ id }: ChatModel, { apiKey, headers }: NativeMessagesOptions): FailingModel {
  return { id, secrets: [apiKey, ...Object.values(headers)] }
}

function send(
  client: Client,
  { json, isStreamed, headers: asked }: NativeRequest,
  context: CallContext,
): Promise<EventTap> {
  const { target, name, model, dispatcher, maxAnswerCharacters = usualAnswerCharacters } = client
  const reading = { created: Math.floor(context.clock.wallTime() / 1000), maxAnswerCharacters }
  const sent = { ...target, headers: headersOf(client, asked), body: spliceModel(json, name) }
  return openAnswer({
    exchange: new Exchange(dispatcher, sent, context),
    model,
    isStreamed,
    clock: context.clock,
    readStream: (source) => readMessageStream({ ...source, ...reading }),
    readWhole: (source) => readMessage({ ...source, ...reading }),
  })
}

/** The caller's version and beta features belong to its body; its key does not. */
function headersOf({ apiKey, headers }: NativeMessagesOptions, asked: Caller['headers']): Record<string, string> {
  const beta = asked['anthropic-beta']
  return {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'user-agent': 'mollmr',
    'x-api-key': apiKey,
    'anthropic-version': asked['anthropic-version'] ?? usualVersion,
    ...(beta === undefined ? {} : { 'anthropic-beta': beta }),
    ...headers,
  }
}
