import type { Dispatcher } from 'undici'
import { Exchange, type ResponseHead } from './exchange.ts'

export interface GetRequest {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly signal: AbortSignal
}

/** A response with what its body says; of a long one, its first 4 MiB. */
export interface TextResponse extends ResponseHead {
  readonly text: string
}

const maxBytes = 4 * 1024 * 1024

/** Gets what is at an address, whatever its status; rejects with what breaks the connection, or the signal's reason. */
export async function getText(dispatcher: Dispatcher, { url, headers, signal }: GetRequest): Promise<TextResponse> {
  const target = { origin: url.origin, path: url.pathname + url.search, headers }
  const exchange = new Exchange(dispatcher, { ...target, method: 'GET' }, { signal, meter: null })
  try {
    return { ...(await exchange.head()), text: await readAll(exchange) }
  } finally {
    exchange.close()
  }
}

async function readAll(exchange: Exchange): Promise<string> {
  const pieces: Buffer[] = []
  let length = 0
  for (let bytes = await exchange.read(); bytes && length <= maxBytes; bytes = await exchange.read()) {
    pieces.push(bytes)
    length += bytes.length
  }
  return Buffer.concat(pieces).toString('utf8')
}
