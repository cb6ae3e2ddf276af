import type { Dispatcher } from 'undici'
// The whole package brings fetch, WebSocket and caches that we do not use: 13 MB of memory and 30 ms at every start.
import Agent from 'undici/lib/dispatcher/agent.js'

const connectTimeoutMs = 10_000

/** The connections to all upstreams: a pool per origin, HTTP/1.1, one request at a time on each. */
export interface Transport {
  readonly dispatcher: Dispatcher
  /** Ends idle connections now and busy ones once their answer has ended. */
  close(): Promise<void>
}

/** Time limits other than that of connecting are `withinDeadline`'s: undici's own can be held off for ever. */
export function createTransport(): Transport {
  const agent = new Agent({ connect: { timeout: connectTimeoutMs }, headersTimeout: 0, bodyTimeout: 0, pipelining: 1 })
  return { dispatcher: agent, close: () => agent.close() }
}
