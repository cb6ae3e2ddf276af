/** Server-sent events, as the WHATWG defines them: reading them from bytes cut anywhere, and writing them. */
import { UpstreamError } from '../chat/errors.ts'
import { Utf8Decoder } from './utf8-decoder.ts'

export interface SseEvent {
  /** `message` where the stream names none. */
  readonly event: string
  readonly data: string
}

/** One frame of data, in one line. */
export function writeSseData(json: string): string {
  return `data: ${inOneLine(json)}\n\n`
}

/** One named frame whose data names its type too, as the Anthropic and the Responses API write them. */
export function writeSseEvent(type: string, fields: object): string {
  return writeSseText(type, JSON.stringify({ type, ...fields }))
}

/** One named frame of JSON that somebody else wrote. */
export function writeSseText(type: string, json: string): string {
  return `event: ${type}\ndata: ${inOneLine(json)}\n\n`
}

/** JSON has no line break inside its texts; what an upstream wrote in several lines of data has them between its tokens. */
function inOneLine(json: string): string {
  return json.includes('\n') ? json.replaceAll('\n', ' ') : json
}

/** A frame that readers skip: a sign of life. */
export function writeSseComment(text: string): string {
  return `: ${text}\n\n`
}

const lineFeed = 0x0a
const byteOrderMark = '\ufeff'

/**
 * Reads a stream of events. The result does not depend on where the bytes are cut; lines end in LF, CR or CRLF, mixed.
 *
 * @throws UpstreamError `upstream_response_too_large` where one event is longer than `maxEventCharacters`,
 * `upstream_malformed` where bytes are no UTF-8, after the events before them
 */
export class SseParser {
  readonly #maxEventCharacters: number
  readonly #decoder = new Utf8Decoder()
  /** What has come of the line that has not ended yet. */
  #line = ''
  #atStart = true
  /** The last character was a CR: an LF that follows belongs to it. */
  #skipsLineFeed = false
  #event = ''
  #data: string[] = []
  #length = 0

  constructor(maxEventCharacters: number) {
    this.#maxEventCharacters = maxEventCharacters
  }

  /** The events that are complete now. */
  push(bytes: Uint8Array): SseEvent[] {
    const events = this.#decoder.isBroken ? [] : this.#read(this.#decoder.write(bytes))
    if (events.length === 0) this.#requireUtf8()
    return events
  }

  /** The event that only the end of the stream completes: its last line ended, but no blank line followed. */
  end(): SseEvent[] {
    this.#decoder.end()
    this.#requireUtf8()
    const events: SseEvent[] = []
    this.#takeLine(this.#line, events)
    this.#line = ''
    this.#dispatch(events)
    return events
  }

  #requireUtf8(): void {
    if (!this.#decoder.isBroken) return
    throw new UpstreamError('upstream_malformed', 'The upstream sent bytes that are no UTF-8.')
  }

  #read(decoded: string): SseEvent[] {
    const events: SseEvent[] = []
    let text = decoded
    if (text === '') return events
    if (this.#atStart) text = this.#withoutMark(text)
    if (this.#skipsLineFeed && text.charCodeAt(0) === lineFeed) text = text.slice(1)
    this.#skipsLineFeed = false
    let from = 0
    for (let end = nextLineEnd(text, 0); end !== -1; end = nextLineEnd(text, from)) {
      this.#takeLine(this.#line + text.slice(from, end), events)
      this.#line = ''
      from = this.#behindLineEnd(text, end)
    }
    this.#line += ownText(text, from)
    this.#limit(this.#length + this.#line.length)
    return events
  }

  #withoutMark(text: string): string {
    this.#atStart = false
    return text.startsWith(byteOrderMark) ? text.slice(1) : text
  }

  #behindLineEnd(text: string, end: number): number {
    if (text.charCodeAt(end) === lineFeed) return end + 1
    if (end + 1 === text.length) this.#skipsLineFeed = true
    return text.charCodeAt(end + 1) === lineFeed ? end + 2 : end + 1
  }

  #takeLine(line: string, events: SseEvent[]): void {
    if (line === '') this.#dispatch(events)
    else if (line.startsWith('data:')) this.#addData(valueOf(line, 'data:'.length))
    else if (line.startsWith('event:')) this.#event = valueOf(line, 'event:'.length)
    else if (line === 'data') this.#addData('')
  }

  #addData(data: string): void {
    this.#data.push(data)
    this.#length += data.length
    this.#limit(this.#length)
  }

  #dispatch(events: SseEvent[]): void {
    const [only] = this.#data
    if (only !== undefined) {
      const data = this.#data.length === 1 ? only : this.#data.join('\n')
      events.push({ event: this.#event || 'message', data })
      this.#data = []
      this.#length = 0
    }
    this.#event = ''
  }

  #limit(characters: number): void {
    if (characters <= this.#maxEventCharacters) return
    throw new UpstreamError(
      'upstream_response_too_large',
      `One event is longer than ${this.#maxEventCharacters} characters.`,
    )
  }
}

/** The rest of `text`; a short one as a copy, because a slice would hold all that it was cut from. */
function ownText(text: string, from: number): string {
  const rest = text.slice(from)
  return rest.length < from ? Buffer.from(rest).toString() : rest
}

function nextLineEnd(text: string, from: number): number {
  const feed = text.indexOf('\n', from)
  const carriage = text.indexOf('\r', from)
  if (carriage === -1) return feed
  return feed === -1 ? carriage : Math.min(feed, carriage)
}

function valueOf(line: string, from: number): string {
  return line.slice(line.charCodeAt(from) === 0x20 ? from + 1 : from)
}
