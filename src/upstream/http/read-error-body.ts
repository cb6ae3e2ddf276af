import type { Clock } from '../../chat/clock.ts'
import { isMollmrError } from '../../chat/errors.ts'
import type { Exchange } from './exchange.ts'

const maxBytes = 64 * 1024
const longestMs = 1000

/**
 * The beginning of a failure's body: at most 64 KiB, and what comes of it within a second. It only adds to what the head
 * says, so how it goes on, breaks or hangs must not stand for the failure. The exchange is done with afterwards.
 *
 * @throws MollmrError only where the call itself has ended meanwhile
 */
export async function readErrorBody(exchange: Pick<Exchange, 'read' | 'close'>, clock: Clock): Promise<string> {
  const pieces: Buffer[] = []
  let length = 0
  let isLate = false as boolean
  const cancel = clock.after(longestMs, () => {
    isLate = true
    exchange.close()
  })
  try {
    for (let bytes = await exchange.read(); bytes; bytes = await exchange.read()) {
      pieces.push(bytes)
      length += bytes.length
      if (length >= maxBytes) break
    }
  } catch (error) {
    if (!isLate && isMollmrError(error)) throw error
  } finally {
    cancel()
    exchange.close()
  }
  return Buffer.concat(pieces).toString('utf8', 0, maxBytes)
}
