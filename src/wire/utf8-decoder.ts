import { isUtf8 } from 'node:buffer'

/**
 * Makes text of bytes cut anywhere. Bytes that are no UTF-8 end it: what decoders put in their place is a text that nobody
 * wrote.
 */
export class Utf8Decoder {
  /** The beginning of a character that has not come whole. */
  #rest: Buffer = Buffer.alloc(0)
  #isBroken = false

  /** True once there were bytes that are no UTF-8; nothing behind them is read. */
  get isBroken(): boolean {
    return this.#isBroken
  }

  /** The text as far as it is whole and sound. */
  write(bytes: Uint8Array): string {
    if (this.#isBroken) return ''
    const seen = this.#rest.length > 0 ? Buffer.concat([this.#rest, bytes]) : asBuffer(bytes)
    const whole = seen.subarray(0, seen.length - beginningAtEnd(seen))
    this.#rest = Buffer.from(seen.subarray(whole.length))
    if (isUtf8(whole)) return whole.toString('utf8')
    this.#isBroken = true
    return whole.toString('utf8', 0, soundLength(whole))
  }

  /** To be called when no more bytes come: a character that has begun is broken then. */
  end(): void {
    if (this.#rest.length > 0) this.#isBroken = true
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** How many bytes at the end begin a character that is longer. */
function beginningAtEnd(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0
    const isInside = (byte & 0xc0) === 0x80
    if (!isInside) return characterLength(byte) > back ? back : 0
  }
  return 0
}

/** How many bytes stand before the first that is no UTF-8. */
function soundLength(bytes: Buffer): number {
  let at = 0
  while (at < bytes.length) {
    const length = characterLength(bytes[at] ?? 0)
    if (length === 0 || !isUtf8(bytes.subarray(at, at + length))) break
    at += length
  }
  return at
}

/** How many bytes the character has that begins with `byte`; 0 where none does. */
function characterLength(byte: number): number {
  if (byte < 0x80) return 1
  if (byte < 0xc2) return 0
  if (byte < 0xe0) return 2
  if (byte < 0xf0) return 3
  return byte < 0xf5 ? 4 : 0
}
