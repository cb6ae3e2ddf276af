/**
 * One HTTP request and its response, read at the pace of its reader: while nobody reads, the socket is paused, so that
 * a slow client slows its upstream down instead of filling our memory.
 */
import type { Dispatcher } from 'undici'
import type { CallContext, ResponseMeter } from '../../chat/call-context.ts'
import { abortErrorOf } from '../../chat/link-abort.ts'

export interface ResponseHead {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

/** Where a request goes: `origin` without a path, `path` from the slash on. */
export interface ExchangeRequest {
  readonly origin: string
  readonly path: string
  readonly method: 'GET' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

/** Whoever says nothing leaves it to the server how to pack its answer. */
const unpacked = { 'accept-encoding': 'identity' }
const pauseAboveBytes = 64 * 1024

/** What all requests to `url` have in common. */
export function postTo(url: URL): Pick<ExchangeRequest, 'origin' | 'path' | 'method'> {
  return { origin: url.origin, path: url.pathname + url.search, method: 'POST' }
}

interface Waiter<T> {
  readonly resolve: (value: T) => void
  readonly reject: (error: Error) => void
}

/** Sends at once; `close` must be called in the end, whatever happened. */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #signal: AbortSignal
  readonly #meter: ResponseMeter | null
  readonly #abort: () => void
  #controller: Dispatcher.DispatchController | undefined
  #head: ResponseHead | undefined
  #headWaiter: Waiter<ResponseHead> | undefined
  #bodyWaiter: Waiter<Buffer | null> | undefined
  #waiting: Buffer[] = []
  #waitingBytes = 0
  #error: Error | undefined
  #ended = false

  constructor(
    dispatcher: Dispatcher,
    request: ExchangeRequest,
    { signal, meter }: Pick<CallContext, 'signal' | 'meter'>,
  ) {
    this.#signal = signal
    this.#meter = meter
    const abort = (): void => {
      this.#stop(abortErrorOf(signal))
    }
    this.#abort = abort
    if (signal.aborted) {
      this.#error = abortErrorOf(signal)
      return
    }
    signal.addEventListener('abort', this.#abort, { once: true })
    dispatcher.dispatch({ ...request, headers: { ...unpacked, ...request.headers }, body: request.body ?? null }, this)
  }

  /** The status and headers; rejects where the connection fails before they are here. */
  head(): Promise<ResponseHead> {
    if (this.#error) return Promise.reject(this.#error)
    if (this.#head) return Promise.resolve(this.#head)
    return new Promise((resolve, reject) => {
      this.#headWaiter = { resolve, reject }
    })
  }

  /** The next bytes of the body, null at its end; rejects where the connection breaks first. */
  read(): Promise<Buffer | null> {
    const next = this.#waiting.shift()
    if (next) {
      this.#waitingBytes -= next.length
      if (this.#waitingBytes <= pauseAboveBytes && this.#controller?.paused === true) this.#controller.resume()
      return Promise.resolve(next)
    }
    if (this.#error) return Promise.reject(this.#error)
    if (this.#ended) return Promise.resolve(null)
    return new Promise((resolve, reject) => {
      this.#bodyWaiter = { resolve, reject }
    })
  }

  /** Lets go of the signal; a response that has not ended is cut, so that it does not hold its socket. */
  close(): void {
    this.#signal.removeEventListener('abort', this.#abort)
    if (!this.#ended && !this.#error) this.#stop(abortErrorOf(this.#signal))
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#error) controller.abort(this.#error)
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: ResponseHead['headers']): void {
    // They are slices of the 64 KiB that the socket was read into, which would live as long as the answer does.
    controller.rawHeaders = null
    // 1xx are announcements, not answers.
    if (status < 200) return
    this.#head = { status, headers }
    this.#meter?.answered()
    this.#headWaiter?.resolve(this.#head)
  }

  onResponseData(controller: Dispatcher.DispatchController, bytes: Buffer): void {
    this.#meter?.received(bytes.length)
    const waiter = this.#bodyWaiter
    if (waiter) {
      this.#bodyWaiter = undefined
      waiter.resolve(bytes)
      return
    }
    this.#waiting.push(bytes)
    this.#waitingBytes += bytes.length
    if (this.#waitingBytes > pauseAboveBytes) controller.pause()
  }

  onResponseEnd(): void {
    this.#ended = true
    this.#bodyWaiter?.resolve(null)
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#fail(error)
  }

  #stop(error: Error): void {
    this.#fail(error)
    this.#controller?.abort(error)
  }

  /** The first failure is the cause; what follows from it is not heard. */
  #fail(error: Error): void {
    if (this.#error || this.#ended) return
    this.#error = error
    this.#headWaiter?.reject(error)
    this.#bodyWaiter?.reject(error)
  }
}
