import type { Dispatcher } from 'undici'
import type { Relay } from '../../chat/relay.ts'
import { spliceModel } from '../../wire/openai-chat/splice-model.ts'
import { SseParser } from '../../wire/sse.ts'
import { Exchange } from '../http/exchange.ts'
import { answerKindOf, type BodySource, nextBytes, readText } from '../http/read-body.ts'
import { headersOf, type OpenAiModelOptions, secretsOf } from './openai-model.ts'

const maxBodyBytes = 64 * 1024 * 1024
const maxEventCharacters = 16 * 1024 * 1024

/** Sends bodies to other paths of a model's server, with nothing but the model's name changed. */
export function createRelay(options: OpenAiModelOptions & { readonly dispatcher: Dispatcher }): Relay {
  const { id, baseUrl, name = id, dispatcher } = options
  const base = baseUrl.replace(/\/+$/, '')
  return async ({ path, json, isStreamed, signal }) => {
    const url = new URL(base + path)
    const target = { origin: url.origin, path: url.pathname + url.search, method: 'POST' } as const
    const body = spliceModel(json, name)
    const exchange = new Exchange(dispatcher, { ...target, headers: headersOf(options), body }, signal)
    const source: BodySource = { exchange, model: { id, secrets: secretsOf(options, url) } }
    try {
      const kind = await answerKindOf(source, isStreamed)
      return { kind, texts: kind === 'events' ? readEvents(source) : readWhole(source) }
    } catch (error) {
      exchange.close()
      throw error
    }
  }
}

async function* readWhole(source: BodySource): AsyncGenerator<string> {
  try {
    yield await readText(source, maxBodyBytes)
  } finally {
    source.exchange.close()
  }
}

async function* readEvents(source: BodySource): AsyncGenerator<string> {
  const parser = new SseParser(maxEventCharacters)
  try {
    for (let bytes = await nextBytes(source); bytes; bytes = await nextBytes(source)) {
      for (const { data } of parser.push(bytes)) yield data
    }
    for (const { data } of parser.end()) yield data
  } finally {
    source.exchange.close()
  }
}
