/**
 * The way past the shared language, for calls that no mixture can make (embeddings, legacy completions): the request
 * goes to the upstream that has the model as it came, and so does the answer come back.
 */
export type Relay = (request: RelayRequest) => Promise<RelayedAnswer>

export interface RelayRequest {
  /** Behind the base URL. */
  readonly path: '/embeddings' | '/completions'
  /** The body as it was sent. */
  readonly json: string
  readonly isStreamed: boolean
  readonly signal: AbortSignal
}

export interface RelayedAnswer {
  /** `events` is a stream of JSON texts, the last of them `[DONE]`; `whole` is one. */
  readonly kind: 'events' | 'whole'
  readonly texts: AsyncIterable<string>
}
