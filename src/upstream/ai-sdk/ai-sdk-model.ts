/**
 * A model behind any package that implements the language model specification of `@ai-sdk/provider`: the one bridge for
 * Anthropic, Google, Bedrock, Azure and all that have no OpenAI dialect of their own. The package is called directly, so
 * that deadlines, retries and the ledger are those of every other upstream.
 */
import type { LanguageModelV4, LanguageModelV4CallOptions } from '@ai-sdk/provider'
import type { Dispatcher } from 'undici'
import type { CallContext } from '../../chat/call-context.ts'
import type { ChatEvent } from '../../chat/chat-event.ts'
import { type ChatModel, createModelCard, type ModelCard } from '../../chat/chat-model.ts'
import type { ChatBody, ChatRequest } from '../../chat/chat-request.ts'
import { CancelledError } from '../../chat/errors.ts'
import { abortErrorOf, linkAbort, throwIfAborted } from '../../chat/link-abort.ts'
import { orAborted } from '../../chat/or-aborted.ts'
import { usualAnswerCharacters } from '../answer-limit.ts'
import type { FailingModel } from '../http/failure.ts'
import { createTransport } from '../http/transport.ts'
import { warningText } from './answer-parts.ts'
import type { BridgedCall } from './bridged-call.ts'
import { type CallDefaults, callOptionsOf, losesReasoning } from './call-options.ts'
import { createExchangeFetch, metered } from './exchange-fetch.ts'
import type { ConnectModel } from './load-provider.ts'
import { failureOf } from './provider-failure.ts'
import { readResult } from './read-result.ts'
import { readStream } from './read-stream.ts'

export interface AiSdkModelOptions {
  readonly id: string
  /** What the provider calls the model. Default: `id`. */
  readonly name?: string
  /** Called once, when the model is first asked: `(name, fetch) => Promise.resolve(createMistral({ fetch })(name))`. */
  readonly connect: ConnectModel
  /** Kept out of every message: keys and what else the provider was given. */
  readonly secrets?: readonly string[]
  /** Connections shared with other models. Default: its own. */
  readonly dispatcher?: Dispatcher
  readonly card?: ModelCard
  readonly defaults?: CallDefaults
  /** Default: 4 Mi characters. */
  readonly maxAnswerCharacters?: number
}

/** Makes the bare model; `withinDeadline`, `retried` and `recordCalls` give it what a catalog's models have. */
export function createAiSdkModel(options: AiSdkModelOptions): ChatModel {
  const {
    id,
    name = id,
    secrets = [],
    dispatcher = createTransport().dispatcher,
    connect,
    card = createModelCard({ kind: 'model', ownedBy: 'ai-sdk' }),
  } = options
  const model: FailingModel = { id, secrets }
  const fetch = createExchangeFetch(dispatcher, model)
  const client: Client = { options, name, model, connect: onceLoaded(() => connect(name, fetch)) }
  return { id, card, chat: (request, context) => chat(client, request, context) }
}

const unsignedReasoning = {
  type: 'other',
  message: 'reasoning is left out: the tool calls of this conversation came back without their reasoning_details',
} as const

interface Client {
  readonly options: AiSdkModelOptions
  readonly name: string
  readonly model: FailingModel
  readonly connect: () => Promise<LanguageModelV4>
}

/** What was loaded stays; what failed to load is tried again. */
function onceLoaded<T>(load: () => Promise<T>): () => Promise<T> {
  let loaded: Promise<T> | undefined
  return () => {
    loaded ??= load().catch((error: unknown) => {
      loaded = undefined
      throw error
    })
    return loaded
  }
}

async function* chat(client: Client, { body }: ChatRequest, context: CallContext): AsyncGenerator<ChatEvent> {
  const link = linkAbort(context.signal)
  const call = callOf(client, body, { ...context, signal: link.signal })
  try {
    throwIfAborted(link.signal)
    const { defaults = {} } = client.options
    if (losesReasoning(body, defaults)) call.warn([unsignedReasoning])
    const options = callOptionsOf(body, defaults, link.signal)
    const provider = await orAborted(client.connect(), link.signal)
    yield* body.stream === true ? streamed(provider, options, call) : whole(provider, options, call)
  } catch (error) {
    throw link.signal.aborted ? abortErrorOf(link.signal) : failureOf(call.model, error)
  } finally {
    // Whatever is still on its way for this call is no longer wanted.
    link.abort(new CancelledError())
    link.release()
  }
}

function callOf(
  { options, name, model }: Client,
  body: ChatBody,
  { clock, span, signal, meter }: CallContext,
): BridgedCall {
  const created = Math.floor(clock.wallTime() / 1000)
  return {
    body,
    model,
    identity: { id: `chatcmpl-${created}`, created, model: name },
    signal,
    meter,
    maxAnswerCharacters: options.maxAnswerCharacters ?? usualAnswerCharacters,
    warn: (warnings) => {
      for (const warning of warnings) span.note('upstream_warning', { model: model.id, warning: warningText(warning) })
    },
  }
}

async function* whole(
  provider: LanguageModelV4,
  options: LanguageModelV4CallOptions,
  call: BridgedCall,
): AsyncGenerator<ChatEvent> {
  const result = await orAborted(
    metered(call.meter, () => provider.doGenerate(options)),
    call.signal,
  )
  call.warn(result.warnings)
  yield* readResult(result, call)
}

async function* streamed(
  provider: LanguageModelV4,
  options: LanguageModelV4CallOptions,
  call: BridgedCall,
): AsyncGenerator<ChatEvent> {
  const { stream } = await orAborted(
    metered(call.meter, () => provider.doStream(options)),
    call.signal,
  )
  yield* readStream(stream, call)
}
