import { SseParser, type SseEvent } from '../../wire/sse.ts'
import { type BodySource, nextBytes } from './read-body.ts'

/** Of one event; a stream as a whole is bounded by what it says. */
export const maxEventCharacters = 16 * 1024 * 1024

/** The events of a streamed body as they come in, those of one read of the socket together, to its end. */
export async function* readFrames(source: BodySource): AsyncGenerator<readonly SseEvent[]> {
  const parser = new SseParser(maxEventCharacters)
  for (let bytes = await nextBytes(source); bytes; bytes = await nextBytes(source)) yield parser.push(bytes)
  yield parser.end()
}
