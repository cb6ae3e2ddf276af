/**
 * The `fetch` that provider packages are given: it sends over the connections of all other upstreams, so that redirects,
 * pauses and broken connections are treated alike, and no timer but our own ends a call.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Dispatcher } from 'undici'
import type { ResponseMeter } from '../../chat/call-context.ts'
import { systemClock } from '../../chat/clock.ts'
import { Exchange, type ExchangeRequest, type ResponseHead } from '../http/exchange.ts'
import { type FailingModel, failureOfConnection } from '../http/failure.ts'
import { readErrorBody } from '../http/read-error-body.ts'
import { badContent, requireUnencoded, tooLarge } from '../http/read-body.ts'

export type Fetch = typeof globalThis.fetch

/** Of the call that is made: a package hands nothing of ours on to its `fetch`. */
const meters = new AsyncLocalStorage<ResponseMeter | null>()

/** Makes a call of which `meter` hears. */
export function metered<T>(meter: ResponseMeter | null, call: () => T): T {
  return meters.run(meter, call)
}

const maxBodyBytes = 64 * 1024 * 1024
/** Statuses whose responses have no body. */
const bodiless: ReadonlySet<number> = new Set([204, 205, 304])

/** A `fetch` for the calls of one model; it rejects with `UpstreamError` where the connection fails. */
export function createExchangeFetch(dispatcher: Dispatcher, model: FailingModel, clock = systemClock): Fetch {
  return async (input, init = {}) => {
    const { signal } = init
    const meter = meters.getStore() ?? null
    const exchange = new Exchange(dispatcher, targetOf(addressOf(input), init), {
      signal: signal ?? neverAborted(),
      meter,
    })
    try {
      const head = await exchange.head()
      requireReadable(head, model)
      const body = head.status >= 300 ? await readErrorBody(exchange, clock) : bodyOf(exchange, model)
      return new Response(bodiless.has(head.status) ? null : body, { status: head.status, headers: headersOf(head) })
    } catch (error) {
      exchange.close()
      throw failureOfConnection(model, error, false)
    }
  }
}

function addressOf(input: Parameters<Fetch>[0]): URL {
  return new URL(input instanceof Request ? input.url : input)
}

function neverAborted(): AbortSignal {
  return new AbortController().signal
}

function targetOf(url: URL, { method = 'GET', headers, body }: RequestInit): ExchangeRequest {
  if (body !== undefined && body !== null && typeof body !== 'string')
    throw new TypeError('Only texts are sent to models.')
  return {
    origin: url.origin,
    path: url.pathname + url.search,
    method: method === 'GET' ? 'GET' : 'POST',
    headers: Object.fromEntries(new Headers(headers)),
    ...(typeof body === 'string' ? { body } : {}),
  }
}

function headersOf({ headers }: ResponseHead): Headers {
  const all = new Headers()
  for (const [name, value] of Object.entries(headers)) {
    for (const each of [value ?? []].flat()) all.append(name, each)
  }
  return all
}

/** A web page where an answer should be: its text must not reach anybody as one. */
function requireReadable(head: ResponseHead, model: FailingModel): void {
  if (head.status >= 300) return
  requireUnencoded(head, model)
  const type = String(head.headers['content-type'] ?? '')
  if (/^text\/(?!event-stream)/i.test(type)) throw badContent(model, `content-type "${type.slice(0, 80)}"`)
}

/** Read at the pace of its reader; let go of at its end, or when its reader leaves. */
function bodyOf(exchange: Exchange, model: FailingModel): ReadableStream<Uint8Array> {
  let length = 0
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        try {
          const bytes = await exchange.read()
          length += bytes?.length ?? 0
          if (length > maxBodyBytes) throw tooLarge(model, maxBodyBytes)
          if (bytes) controller.enqueue(bytes)
          else controller.close()
          if (!bytes) exchange.close()
        } catch (error) {
          exchange.close()
          controller.error(failureOfConnection(model, error, true))
        }
      },
      cancel: () => {
        exchange.close()
      },
    },
    { highWaterMark: 0 },
  )
}
