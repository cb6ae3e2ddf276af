/** What a server says which models it has, or why it does not say it. */
import type { Dispatcher } from 'undici'
import { type Clock, systemClock } from '../chat/clock.ts'
import { type MollmrError, UpstreamError } from '../chat/errors.ts'
import { linkAbort } from '../chat/link-abort.ts'
import { isObject, parseLoosely } from '../chat/loose-json.ts'
import { failureOfConnection, failureOfStatus, type FailingPart } from './http/failure.ts'
import { getText, type TextResponse } from './http/get-text.ts'

export type ListedKind = 'openai' | 'anthropic' | 'google'

export interface ListRequest {
  /** Of the upstream, for messages. */
  readonly id: string
  readonly kind: ListedKind
  readonly baseUrl: string
  /** Left out where it is empty. */
  readonly apiKey: string
  readonly headers?: Readonly<Record<string, string>>
  readonly waitMs: number
  readonly signal?: AbortSignal
  readonly clock?: Clock
}

export type ModelList = Dated & (Listed | Unlisted)

interface Listed {
  /** As the server calls them. */
  readonly names: readonly string[]
  readonly error: null
}

interface Unlisted {
  readonly names: null
  readonly error: MollmrError
}

interface Dated {
  /** The moment of the answer by the server's own clock, in milliseconds since 1970; null where it does not say. */
  readonly dateMs: number | null
}

/** Asks a server for the list of its models; an answer that is none is in `error`. */
export async function listModels(dispatcher: Dispatcher, request: ListRequest): Promise<ModelList> {
  const { id, kind, apiKey, headers = {}, waitMs, clock = systemClock } = request
  const url = new URL(request.baseUrl.replace(/\/+$/, '') + listings[kind].path)
  const secrets = [
    apiKey,
    ...Object.values(headers),
    decodeURIComponent(url.username),
    decodeURIComponent(url.password),
  ]
  const part: FailingPart = { id, kind: 'upstream', secrets }
  const link = linkAbort(request.signal ?? new AbortController().signal)
  const cancel = clock.after(waitMs, () => {
    link.abort(new UpstreamError('upstream_timeout', `The upstream "${id}" did not answer within ${waitMs} ms.`))
  })
  try {
    const sent = { ...listings[kind].headers(apiKey), ...headers }
    return listIn(await getText(dispatcher, { url, headers: sent, signal: link.signal }), { part, kind })
  } catch (error) {
    return { names: null, error: failureOfConnection(part, error, false), dateMs: null }
  } finally {
    cancel()
    link.release()
  }
}

/** How each kind lists its models. */
interface Listing {
  readonly path: string
  readonly headers: (apiKey: string) => Readonly<Record<string, string>>
  readonly list: string
  readonly nameOf: (model: ListedModel) => unknown
}

type ListedModel = Readonly<Record<string, unknown>>

const listings: Readonly<Record<ListedKind, Listing>> = {
  openai: {
    path: '/models',
    headers: (apiKey) => (apiKey === '' ? {} : { authorization: `Bearer ${apiKey}` }),
    list: 'data',
    nameOf: ({ id }) => id,
  },
  anthropic: {
    path: '/models?limit=100',
    headers: (apiKey) => ({ 'x-api-key': apiKey, 'anthropic-version': '2023-06-01' }),
    list: 'data',
    nameOf: ({ id }) => id,
  },
  google: {
    path: '/models?pageSize=1000',
    headers: (apiKey) => ({ 'x-goog-api-key': apiKey }),
    list: 'models',
    nameOf: ({ name }) => (typeof name === 'string' ? name.replace(/^models\//, '') : undefined),
  },
}

interface Listening {
  readonly part: FailingPart
  readonly kind: ListedKind
}

function listIn(response: TextResponse, { part, kind }: Listening): ModelList {
  const date = Date.parse(String(response.headers['date'] ?? ''))
  const dateMs = Number.isNaN(date) ? null : date
  const { list, nameOf } = listings[kind]
  const models = response.status === 200 ? listOf(parseLoosely(response.text), list) : undefined
  if (!models) return { names: null, error: failureOf(response, part), dateMs }
  const names = models.map((model) => nameOf(Object(model) as ListedModel))
  return { names: names.filter((name) => typeof name === 'string'), error: null, dateMs }
}

/** Undefined where the body is no list; some servers write null for an empty one. */
function listOf(body: unknown, list: string): readonly unknown[] | undefined {
  if (!isObject(body)) return undefined
  const models = body[list]
  return models === null ? [] : Array.isArray(models) ? models : undefined
}

/** At these there is nothing at this path, whatever else the server has. */
const noSuchPath: ReadonlySet<number> = new Set([404, 405, 501])

function failureOf(response: TextResponse, part: FailingPart): UpstreamError {
  const { status, text } = response
  if (status >= 300 && !noSuchPath.has(status)) return failureOfStatus(part, response, text)
  const message = `The upstream "${part.id}" lists no models (status ${status}); is base_url right?`
  return new UpstreamError('upstream_bad_content_type', message, { status })
}
