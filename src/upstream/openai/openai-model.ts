/**
 * A model on a server that speaks the OpenAI chat API: LM Studio, Ollama, vLLM, llama.cpp, OpenAI, OpenRouter. Nothing
 * is lost on the way: unknown fields pass in both directions, and a request nobody changed goes out as it came in.
 */
import type { Dispatcher } from 'undici'
import type { CallContext } from '../../chat/call-context.ts'
import { type ChatModel, createModelCard, type ModelCard } from '../../chat/chat-model.ts'
import type { ChatRequest } from '../../chat/chat-request.ts'
import { type EventTap, tapEvents } from '../../chat/tap-events.ts'
import { usualAnswerCharacters } from '../answer-limit.ts'
import { Exchange, type ExchangeRequest, postTo } from '../http/exchange.ts'
import type { FailingModel } from '../http/failure.ts'
import { openAnswer } from '../http/open-answer.ts'
import { KnownQuirks, quirkOfRefusal } from './known-quirks.ts'
import { type Quirk, quirksOfServer } from './quirks.ts'
import { readStream, readWhole } from './read-answer.ts'
import { writeRequestBody } from './request-body.ts'
import { createTransport } from '../http/transport.ts'

export interface OpenAiModelOptions {
  readonly id: string
  /** With the path before `/chat/completions`: `http://localhost:1234/v1`. */
  readonly baseUrl: string
  /** What the server calls the model. Default: `id`. */
  readonly name?: string
  /** Sent as a bearer token; left out where it is empty. */
  readonly apiKey?: string
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>>
  /** What this server does not take, by the names of `quirks.ts`; more is learned from its refusals. */
  readonly quirks?: readonly string[]
  readonly card?: ModelCard
  /** Connections shared with other models. Default: its own. */
  readonly dispatcher?: Dispatcher
  /** Default: 4 Mi characters. */
  readonly maxAnswerCharacters?: number
}

/** Quirks that one request may teach: a refusal costs nothing, but takes its time. */
const mostTrials = 4

/** Makes the bare model; `withinDeadline`, `retried` and `recordCalls` give it what a catalog's models have. */
export function createOpenAiModel(options: OpenAiModelOptions): ChatModel {
  const { id, baseUrl, name = id } = options
  const url = new URL(`${baseUrl.replace(/\/+$/, '')}/chat/completions`)
  const client: Client = {
    model: { id, secrets: secretsOf(options, url) },
    name,
    quirks: new KnownQuirks([...quirksOfServer(url.host, name), ...(options.quirks ?? [])]),
    dispatcher: options.dispatcher ?? createTransport().dispatcher,
    target: { ...postTo(url), headers: headersOf(options) },
    maxAnswerCharacters: options.maxAnswerCharacters ?? usualAnswerCharacters,
  }
  return {
    id,
    card: options.card ?? createModelCard({ kind: 'model', ownedBy: url.host }),
    chat: (request, context) => tapEvents(() => openAsTaken(client, request, context)),
  }
}

interface Client {
  readonly model: FailingModel
  readonly name: string
  readonly quirks: KnownQuirks
  readonly dispatcher: Dispatcher
  readonly target: Omit<ExchangeRequest, 'body'>
  readonly maxAnswerCharacters: number
}

/** What must not be told, whatever the server says. */
export function secretsOf({ apiKey = '', headers = {} }: OpenAiModelOptions, { username, password }: URL): string[] {
  return [apiKey, ...Object.values(headers), decodeURIComponent(username), decodeURIComponent(password)]
}

export function headersOf({ apiKey = '', headers = {} }: OpenAiModelOptions): Record<string, string> {
  return {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'user-agent': 'mollmr',
    ...(apiKey === '' ? {} : { authorization: `Bearer ${apiKey}` }),
    ...headers,
  }
}

/** Opens the answer; a refusal that tells of a quirk is answered with the request as this server takes it. */
async function openAsTaken(client: Client, request: ChatRequest, context: CallContext): Promise<EventTap> {
  const trial: Quirk[] = []
  for (;;) {
    const sent = client.quirks.adapt(request, trial)
    try {
      const answer = await send(client, sent, context)
      client.quirks.keep(trial)
      return answer
    } catch (error) {
      const quirk = trial.length < mostTrials ? quirkOfRefusal(error, sent) : null
      if (!quirk) throw error
      context.span.note('quirk', { model: client.model.id, quirk: quirk.name })
      trial.push(quirk)
    }
  }
}

function send(client: Client, request: ChatRequest, context: CallContext): Promise<EventTap> {
  const { dispatcher, target, model, name, maxAnswerCharacters } = client
  const created = Math.floor(context.clock.wallTime() / 1000)
  const reading = { identity: { id: `chatcmpl-${created}`, created }, maxAnswerCharacters }
  const body = writeRequestBody(request, name)
  return openAnswer({
    exchange: new Exchange(dispatcher, { ...target, body }, context),
    model,
    isStreamed: request.body.stream === true,
    clock: context.clock,
    readStream: (source) => readStream({ ...source, ...reading }),
    readWhole: (source) => readWhole({ ...source, ...reading }),
  })
}
