/**
 * Texts that are kept while others are waited for. What of them is long lies as UTF-8 outside V8's heap: one typographic
 * quote does not double it, the collector never copies it, and the system has it back as soon as it is let go.
 */
export interface HeldText {
  /** In UTF-16 units, as that of a string. */
  readonly length: number
  /** What it takes in memory, more or less. */
  readonly bytes: number
  /** The text; a long one is decoded each time. */
  read(): string
}

/** In UTF-16 units: what is shorter stays the string that it is. */
const longFrom = 16_384

/** Keeps `text`; of a long one not the string, nor what that was cut from. */
export function holdText(text: string): HeldText {
  return text.length < longFrom ? new ShortText(text) : new LongText(text)
}

class ShortText implements HeldText {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }

  get length(): number {
    return this.text.length
  }

  get bytes(): number {
    return 2 * this.text.length
  }

  read(): string {
    return this.text
  }
}

class LongText implements HeldText {
  readonly length: number
  readonly encoding: 'utf8' | 'utf16le'
  readonly buffer: Buffer

  constructor(text: string) {
    this.length = text.length
    // A half of a surrogate pair has no UTF-8.
    this.encoding = text.isWellFormed() ? 'utf8' : 'utf16le'
    this.buffer = ownPages(Buffer.byteLength(text, this.encoding))
    this.buffer.write(text, this.encoding)
  }

  get bytes(): number {
    return this.buffer.length
  }

  read(): string {
    return this.buffer.toString(this.encoding)
  }
}

/**
 * A buffer that could be resized has pages of its own, which go back when it is collected; of one that cannot, the holes
 * stay with the process for as long as anything lies behind them.
 */
function ownPages(bytes: number): Buffer {
  return Buffer.from(new ArrayBuffer(bytes, { maxByteLength: bytes }), 0, bytes)
}

/** Pieces that are joined at once: a string made by adding them one by one costs more than its characters do. */
const joinedAtOnce = 64

/** A text that comes in many small pieces. */
export class GrowingText {
  readonly #held: HeldText[] = []
  /** What follows on `#held`, and is not long yet. */
  #tail = ''
  /** What follows on `#tail`. */
  #pieces: string[] = []
  #piecesLength = 0

  add(piece: string): void {
    this.#pieces.push(piece)
    this.#piecesLength += piece.length
    if (this.#pieces.length >= joinedAtOnce || this.#piecesLength >= longFrom) this.#join()
  }

  read(): string {
    return this.#held.map((held) => held.read()).join('') + this.#tail + this.#pieces.join('')
  }

  #join(): void {
    const text = this.#tail + this.#pieces.join('')
    this.#pieces = []
    this.#piecesLength = 0
    // The other half of its last character may come yet.
    const end = isHighSurrogate(text.charCodeAt(text.length - 1)) ? text.length - 1 : text.length
    if (end < longFrom) {
      this.#tail = text
      return
    }
    this.#held.push(holdText(text.slice(0, end)))
    this.#tail = text.slice(end)
  }
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff
}
