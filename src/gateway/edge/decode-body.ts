/**
 * Unpacks request bodies that clients have compressed. What comes out is bounded by the limit of every body, and no more than
 * that is ever unpacked: a few kilobytes can hold gigabytes.
 */
import type { FastifyInstance, RequestPayload } from 'fastify'
import { Transform, type TransformCallback } from 'node:stream'
import {
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createZstdDecompress,
  type BrotliDecompress,
  type Gunzip,
  type Inflate,
  type ZstdDecompress,
} from 'node:zlib'
import { RequestError } from '../../chat/errors.ts'

type Decoder = Gunzip | Inflate | BrotliDecompress | ZstdDecompress

/** As RFC 9659 limits it for the web, 8 MiB: what a decoder would set aside by itself is 128. */
const mostZstdWindowLog = 23
/** Bytes behind the end are no part of what was packed, and another reader might take them for one. */
const strict = { rejectGarbageAfterEnd: true }

const decoders: Readonly<Record<string, () => Decoder>> = {
  gzip: () => createGunzip(strict),
  'x-gzip': () => createGunzip(strict),
  deflate: () => createInflate(strict),
  br: () => createBrotliDecompress(strict),
  zstd: () => createZstdDecompress({ ...strict, params: { [constants.ZSTD_d_windowLogMax]: mostZstdWindowLog } }),
}

const understood = 'gzip, deflate, br and zstd'

/** Bodies come out as they were before their `content-encoding`; `maxBytes` is of what comes out. */
export function decodeBodies(server: FastifyInstance, maxBytes: number): void {
  server.addHook('preParsing', (...[request, reply, payload, done]) => {
    const encoding = encodingOf(request.headers['content-encoding'])
    const createDecoder = encoding === null ? undefined : decoders[encoding]
    if (!createDecoder) {
      done(null, payload)
      return
    }
    const body = decoded(payload, createDecoder(), { encoding: String(encoding), maxBytes })
    // Where the answer does not wait for the body, nobody reads it to its end.
    reply.raw.once('close', () => body.destroy())
    done(null, body)
  })
}

/** Why a body with this `content-encoding` is not read; null where it is. */
export function encodingFlawOf(header: string | undefined): RequestError | null {
  const encoding = encodingOf(header)
  if (encoding === null || Object.hasOwn(decoders, encoding)) return null
  const message = `The content-encoding "${encoding}" is not understood: only ${understood} are, one at a time.`
  return new RequestError('unsupported_encoding', message)
}

/** In small letters; null where nothing was packed. */
function encodingOf(header: string | undefined): string | null {
  const encoding = header?.trim().toLowerCase() ?? 'identity'
  return encoding === 'identity' || encoding === '' ? null : encoding
}

interface Packed {
  readonly encoding: string
  readonly maxBytes: number
}

function decoded(payload: RequestPayload, decoder: Decoder, { encoding, maxBytes }: Packed): Meter {
  const meter = new Meter(maxBytes)
  payload.on('data', (bytes: Buffer) => {
    meter.receivedEncodedLength += bytes.length
  })
  payload.on('error', (error) => meter.destroy(error))
  decoder.on('error', (cause) => {
    const message = `The body is not ${encoding}, as content-encoding says, or was cut: ${cause.message}.`
    meter.destroy(new RequestError('invalid_request', message, { cause }))
  })
  // Heard by the framework while it reads; it does not where the answer is clear before.
  meter.on('error', () => undefined)
  // The rest of a body that is refused is still taken, unread: the caller hears why only once it has sent it.
  meter.on('close', () => {
    payload.unpipe(decoder)
    payload.resume()
    decoder.destroy()
  })
  payload.pipe(decoder).pipe(meter)
  return meter
}

/** Lets through what may come, and says how much had come before it was unpacked. */
class Meter extends Transform {
  readonly #maxBytes: number
  #bytes = 0
  /** The framework compares it with `content-length`. */
  receivedEncodedLength = 0

  constructor(maxBytes: number) {
    super()
    this.#maxBytes = maxBytes
  }

  override _transform(bytes: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#bytes += bytes.length
    const isTooLarge = this.#bytes > this.#maxBytes
    if (isTooLarge)
      done(
        new RequestError('request_too_large', 'The unpacked request body is too large; raise server.max_body_bytes.'),
      )
    else done(null, bytes)
  }
}
