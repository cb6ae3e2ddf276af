/**
 * A model on a server that speaks the Responses API of OpenAI beside the chat API. A request that came in as one goes out
 * as it is, and so does its answer: encrypted reasoning, ids of items, tools of the server and whatever is new are not
 * lost. Every other request goes over the chat API.
 */
import type { Dispatcher } from 'undici'
import type { CallContext } from '../../chat/call-context.ts'
import { type ChatModel, type ModelCard, wrapModel } from '../../chat/chat-model.ts'
import type { ChatRequest, NativeText } from '../../chat/chat-request.ts'
import { UpstreamError } from '../../chat/errors.ts'
import { type EventTap, tapEvents } from '../../chat/tap-events.ts'
import { spliceModel } from '../../wire/openai-chat/splice-model.ts'
import { usualAnswerCharacters } from '../answer-limit.ts'
import { Exchange, postTo } from '../http/exchange.ts'
import type { FailingModel } from '../http/failure.ts'
import { openAnswer } from '../http/open-answer.ts'
import { headersOf, type OpenAiModelOptions, secretsOf } from '../openai/openai-model.ts'
import { readResponse, readResponseStream } from './read-response.ts'

export interface NativeResponsesOptions extends OpenAiModelOptions {
  readonly dispatcher: Dispatcher
  /** The id of the upstream: what one of its models keeps, all of them know. */
  readonly upstream: string
}

/** Where the whole API is spoken. Servers that translate it to chat themselves leave out what they do not know. */
const speakers: readonly RegExp[] = [/^api\.openai\.com$/, /\.openai\.azure\.com$/, /^api\.x\.ai$/]

/** True for hosts that are known to speak the Responses API in full. */
export function speaksResponses(host: string): boolean {
  return speakers.some((speaker) => speaker.test(host))
}

/** What servers without the path answer. */
const noSuchPath: ReadonlySet<number | null> = new Set([404, 405, 501])

/**
 * The same model, which hands on what is already in the dialect of its server. Where the server has no such path, the
 * chat API is asked, and from then on always: remembered once it has answered.
 */
export function withNativeResponses(chatModel: ChatModel, options: NativeResponsesOptions): ChatModel {
  const client = clientOf(chatModel, options)
  const card: ModelCard = { ...chatModel.card, speaks: ['openai-responses'] }
  let isChatOnly = false
  return wrapModel({ ...chatModel, card }, (request, context) => {
    const native = isChatOnly ? undefined : nativeFor(request, options.upstream)
    if (!native) return chatModel.chat(request, context)
    return tapEvents(async () => {
      try {
        return await send(client, { native, request, context })
      } catch (error) {
        if (!(error instanceof UpstreamError) || !noSuchPath.has(error.status)) throw error
        context.span.note('quirk', { model: chatModel.id, quirk: 'chat_only' })
        const isPathMeant = native.heldBy === undefined
        return {
          events: chatModel.chat(request, context),
          pass: (event) => {
            isChatOnly ||= isPathMeant
            return event
          },
        }
      }
    })
  })
}

/** The request as it came, where the server understands all that it names. */
function nativeFor({ native }: ChatRequest, upstream: string): NativeText | undefined {
  const isMeant = native?.dialect === 'openai-responses' && (native.heldBy ?? upstream) === upstream
  return isMeant ? native : undefined
}

interface Client extends NativeResponsesOptions {
  readonly target: ReturnType<typeof postTo>
  readonly model: FailingModel
}

function clientOf({ id }: ChatModel, options: NativeResponsesOptions): Client {
  const url = new URL(`${options.baseUrl.replace(/\/+$/, '')}/responses`)
  return { ...options, target: postTo(url), model: { id, secrets: secretsOf(options, url) } }
}

interface Sent {
  readonly native: NativeText
  readonly request: ChatRequest
  readonly context: CallContext
}

function send(client: Client, { native, request, context }: Sent): Promise<EventTap> {
  const { target, id, name = id, model, dispatcher, upstream, maxAnswerCharacters = usualAnswerCharacters } = client
  const beta = request.caller.headers['openai-beta']
  const headers = { ...(beta === undefined ? {} : { 'openai-beta': beta }), ...headersOf(client) }
  const reading = { created: Math.floor(context.clock.wallTime() / 1000), maxAnswerCharacters, upstream }
  const sent = { ...target, headers, body: spliceModel(native.json, name) }
  return openAnswer({
    exchange: new Exchange(dispatcher, sent, context),
    model,
    isStreamed: request.body.stream === true,
    clock: context.clock,
    readStream: (source) => readResponseStream({ ...source, ...reading }),
    readWhole: (source) => readResponse({ ...source, ...reading }),
  })
}
