/**
 * The way past the shared language, for calls that no mixture can make (embeddings, legacy completions): the request goes
 * to the server that has the model as it came, and so does the answer come back. To everything around it, it is a call of
 * the model like any other.
 */
import type { Dispatcher } from 'undici'
import { type ChatModel, wrapModel } from '../../chat/chat-model.ts'
import type { NativeText, RelayedDialect } from '../../chat/chat-request.ts'
import { tapEvents } from '../../chat/tap-events.ts'
import { spliceModel } from '../../wire/openai-chat/splice-model.ts'
import { usualAnswerCharacters } from '../answer-limit.ts'
import { Exchange } from '../http/exchange.ts'
import { openAnswer } from '../http/open-answer.ts'
import { badContent } from '../http/read-body.ts'
import { headersOf, type OpenAiModelOptions, secretsOf } from './openai-model.ts'
import { readRelayed, readRelayedStream } from './relayed-answer.ts'

/** Behind the base URL. */
const paths: Readonly<Record<RelayedDialect, string>> = {
  'openai-embeddings': '/embeddings',
  'openai-completions': '/completions',
}

function isRelayed(native: NativeText): native is NativeText & { readonly dialect: RelayedDialect } {
  return Object.hasOwn(paths, native.dialect)
}

/** The same model, which hands such requests on with nothing but its name changed. */
export function withRelay(
  chatModel: ChatModel,
  options: OpenAiModelOptions & { readonly dispatcher: Dispatcher },
): ChatModel {
  const { id, baseUrl, name = id, dispatcher, maxAnswerCharacters = usualAnswerCharacters } = options
  const base = new URL(baseUrl.replace(/\/+$/, ''))
  const server = { origin: base.origin, method: 'POST', headers: headersOf(options) } as const
  const model = { id, secrets: secretsOf(options, base) }
  return wrapModel(chatModel, (request, context) => {
    const { native, body } = request
    if (!native || !isRelayed(native)) return chatModel.chat(request, context)
    const { dialect } = native
    const path = paths[dialect]
    const target = { ...server, path: base.pathname + path + base.search }
    const reading = { dialect, created: Math.floor(context.clock.wallTime() / 1000), maxAnswerCharacters }
    return tapEvents(() =>
      openAnswer({
        exchange: new Exchange(dispatcher, { ...target, body: spliceModel(native.json, name) }, context),
        model,
        isStreamed: body.stream === true,
        clock: context.clock,
        readStream: (source) => {
          if (dialect === 'openai-embeddings') throw badContent(model, 'a stream of events')
          return readRelayedStream({ ...source, ...reading })
        },
        readWhole: (source) => readRelayed({ ...source, ...reading }),
      }),
    )
  })
}
