/** Streams of events cut in two and more places: what is read out of them must not depend on where. */
import { isMollmrError } from '../src/chat/errors.ts'
import { chunkJson, firstEvents, frames } from '../src/testing/chaos/say.ts'
import { SseParser } from '../src/wire/sse.ts'

const json = chunkJson({ content: 'é🎈\u2028' })
const variants = [
  `data: ${json}\n\ndata: [DONE]\n\n`,
  `data: ${json}\r\rdata: [DONE]\r\r`,
  `data: ${json}\r\n\r\ndata: [DONE]\r\n\r\n`,
  `\ufeffdata:${json}\n\r\n: a comment\r\rid: 1\revent: message\ndata: [DONE]\r\n\r`,
  `retry: 1\n\ndata\n\ndata: one\r\ndata: two\rdata:\n\nevent: lost\n\ndata: [DONE]\r`,
  'data: \u0000\ud83c\n\nfield\nd: \n:\ndata: cut at the e',
].map((text) => Buffer.from(text))
const corpus = [
  ...variants,
  Buffer.from('data: \xff\xfe\xc3\n\n', 'latin1'),
  Buffer.from(frames(firstEvents.slice(0, 2))),
]

export interface SplitCounts {
  readonly splits: number
  /** Splits after which something else was read than from the stream in one piece. */
  readonly differences: number
}

/** Every split of the corpus in two places, then `more` in up to eight places at random. */
export function countSplits(more: number, random: () => number): SplitCounts {
  let splits = 0
  let differences = 0
  const see = (bytes: Buffer, cuts: readonly number[], whole: string): void => {
    splits += 1
    if (eventsBetween(bytes, cuts) !== whole) differences += 1
  }
  for (const bytes of corpus) {
    const whole = eventsBetween(bytes, [])
    for (let first = 0; first <= bytes.length; first += 1)
      for (let second = first; second <= bytes.length; second += 1) see(bytes, [first, second], whole)
  }
  for (let time = 0; time < more; time += 1) {
    const bytes = corpus[Math.floor(random() * corpus.length)] ?? Buffer.alloc(0)
    const cuts = Array.from({ length: 3 + Math.floor(random() * 6) }, () => Math.floor(random() * bytes.length))
    see(
      bytes,
      cuts.sort((a, b) => a - b),
      eventsBetween(bytes, []),
    )
  }
  return { splits, differences }
}

function eventsBetween(bytes: Buffer, cuts: readonly number[]): string {
  const ends = [...cuts, bytes.length]
  return eventsOf(ends.map((end, index) => bytes.subarray(cuts[index - 1] ?? 0, end)))
}

/** What is read out of a stream that comes in these pieces, up to the error that ends it. */
export function eventsOf(pieces: readonly Uint8Array[]): string {
  const parser = new SseParser(100_000)
  const events: unknown[] = []
  try {
    for (const piece of pieces) events.push(...parser.push(piece))
    events.push(...parser.end())
  } catch (error) {
    if (!isMollmrError(error)) throw error
    events.push(error.code)
  }
  return JSON.stringify(events)
}
