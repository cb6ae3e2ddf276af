/** What the page asks of the gateway that serves it. */
import { EventSourceParserStream } from 'eventsource-parser/stream'
import type { Trace } from './trace.ts'
import type { Explanation } from './explanation.ts'
import type { Asked, DraftText, Failure, Progress, RunEvent, Total } from './run.ts'

/** Of `GET /v1/models`. */
export interface ListedModel {
  readonly id: string
  readonly description?: string
  readonly capabilities: { readonly kind: 'router' | 'mixture' | 'model'; readonly simulated?: boolean }
}

/** The gateway says no: `code` as in docs/errors.md, `page_offline` where nothing answers. */
class GatewayError extends Error {
  readonly failure: Failure

  constructor(failure: Failure) {
    super(failure.message)
    this.failure = failure
  }
}

export interface Question extends Asked {
  readonly messages: readonly { readonly role: string; readonly content: string }[]
}

/** With the key that callers must show, where there is one. */
export class GatewayClient {
  readonly #key: string
  /** By the model that is asked. */
  readonly #refusals = new Map<string, Promise<string | null>>()

  constructor(key: string) {
    this.#key = key
  }

  async models(): Promise<readonly ListedModel[]> {
    const { data } = (await (await this.#fetch('v1/models')).json()) as { readonly data: readonly ListedModel[] }
    return data
  }

  /** What asking would do. Nothing is spent. */
  async explain({ model, messages, ...asked }: Question): Promise<Explanation> {
    const init = { method: 'POST', body: JSON.stringify({ model, messages, mollmr: overridesOf(asked) }) }
    return (await (await this.#fetch('mollmr/v1/explain', init)).json()) as Explanation
  }

  /** Why this cannot be asked of the model; null where it can. Found out once for each model. */
  refusalOf(question: Question): Promise<string | null> {
    const known = this.#refusals.get(question.model)
    if (known) return known
    const refusal = this.explain(question).then(
      () => null,
      (error: unknown) => failureOf(error).message,
    )
    this.#refusals.set(question.model, refusal)
    return refusal
  }

  /** What a request did. Only the latest are kept. */
  async trace(requestId: string): Promise<Trace> {
    return (await (await this.#fetch(`mollmr/v1/traces/${encodeURIComponent(requestId)}`)).json()) as Trace
  }

  /** What happens to a question, up to its end. Throws only where `signal` ends it. */
  async *ask({ model, messages, ...asked }: Question, signal: AbortSignal): AsyncGenerator<RunEvent> {
    try {
      const mollmr = { include: ['progress', 'drafts', 'usage'], ...overridesOf(asked) }
      const body = { model, messages, stream: true, stream_options: { include_usage: true }, mollmr }
      const init = { method: 'POST', body: JSON.stringify(body), signal }
      const response = await this.#fetch('v1/chat/completions', init)
      yield { type: 'opened', requestId: response.headers.get('x-request-id') }
      if (response.body) yield* readEvents(response.body)
    } catch (error) {
      if (signal.aborted) throw error
      yield { type: 'failed', failure: failureOf(error) }
    }
  }

  async #fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = {
      'content-type': 'application/json',
      ...(this.#key === '' ? {} : { authorization: `Bearer ${this.#key}` }),
    }
    const response = await fetch(path, { ...init, headers })
    if (response.ok) return response
    const { error } = (await response.json().catch(() => ({}))) as { readonly error?: Failure }
    throw new GatewayError(
      error ?? { code: `http_${response.status}`, message: `The gateway answered with ${response.status}.` },
    )
  }
}

function overridesOf({ aggregate }: Pick<Asked, 'aggregate'>): { readonly aggregate?: string } {
  return aggregate === null ? {} : { aggregate }
}

/** Why something cannot be had, whatever was thrown. */
export function failureOf(error: unknown): Failure {
  if (error instanceof GatewayError) return error.failure
  return { code: 'page_offline', message: 'The connection to the gateway was lost. Is it still running?' }
}

interface Chunk {
  readonly error?: Failure
  readonly choices?: readonly {
    readonly delta?: { readonly content?: string | null; readonly reasoning_content?: string | null }
  }[]
  readonly usage?: (Omit<Total, 'calls' | 'cost_usd' | 'source'> & { readonly mollmr?: Total }) | null
  readonly mollmr?: { readonly progress?: Progress; readonly draft?: DraftText }
}

/** The events of a stream of chunks. One that ends without `[DONE]` has failed. */
export async function* readEvents(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<RunEvent> {
  const events = body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream()).getReader()
  for (;;) {
    const { done, value } = await events.read()
    if (done) break
    if (value.data === '[DONE]') {
      yield { type: 'ended' }
      return
    }
    yield* eventsOf(JSON.parse(value.data) as Chunk)
  }
  yield { type: 'failed', failure: { code: 'page_cut', message: 'The stream ended before the answer did.' } }
}

function* eventsOf({ error, choices = [], usage, mollmr = {} }: Chunk): Generator<RunEvent> {
  if (error) yield { type: 'failed', failure: error }
  if (mollmr.progress) yield { type: 'progress', progress: mollmr.progress }
  if (mollmr.draft) yield { type: 'draft', draft: mollmr.draft }
  const { content, reasoning_content: reasoning } = choices[0]?.delta ?? {}
  if (reasoning) yield { type: 'reasoning', text: reasoning }
  if (content) yield { type: 'content', text: content }
  if (usage?.mollmr) yield { type: 'total', total: usage.mollmr }
}
