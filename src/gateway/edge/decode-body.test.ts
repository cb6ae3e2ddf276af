/** Compressed request bodies: read as if they had come as they were, and never unpacked further than any body may be long. */
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openChaosClient } from '../../testing/chaos-client.ts'
import { createFakeModel, type FakeModel, textSteps } from '../../testing/fake-model.ts'
import { runGateway, type RunningGateway } from '../../testing/run-gateway.ts'

const maxBodyBytes = 200_000
const packers = {
  gzip: gzipSync,
  'x-gzip': gzipSync,
  GZIP: gzipSync,
  deflate: deflateSync,
  br: brotliCompressSync,
  zstd: zstdCompressSync,
} as const
type Encoding = keyof typeof packers
const encodings = Object.keys(packers) as Encoding[]
const text = '{"model":"generic",  "messages":[{"role":"user","content":"Hi é🎈"}], "unheard_of": 1.0}'

let model: FakeModel
let gateway: RunningGateway

beforeEach(async () => {
  model = createFakeModel('generic', { script: () => textSteps('Hello') })
  gateway = await runGateway([model], { maxBodyBytes })
})

afterEach(async () => {
  await gateway.close()
})

interface Answered {
  readonly status: number
  readonly code: string | undefined
  readonly text: string
}

async function post(
  body: Uint8Array<ArrayBuffer> | ReadableStream,
  headers: Readonly<Record<string, string>>,
): Promise<Answered> {
  const response = await gateway.chat(
    {},
    {
      headers: { 'content-type': 'application/json', ...headers },
      body,
      ...(body instanceof ReadableStream ? { duplex: 'half' } : {}),
    },
  )
  const answer = await response.text()
  const { error } = JSON.parse(answer) as { readonly error?: { readonly code: string } }
  return { status: response.status, code: error?.code, text: answer }
}

const bytes = (buffer: Buffer): Uint8Array<ArrayBuffer> => new Uint8Array(buffer)

function inPieces(whole: Uint8Array, size: number): ReadableStream {
  let at = 0
  return new ReadableStream({
    pull(controller) {
      if (at >= whole.length) controller.close()
      else controller.enqueue(whole.subarray(at, (at += size)))
    },
  })
}

describe.each(encodings)('a body in %s', (encoding) => {
  const packed = bytes(packers[encoding](text))
  const headers = { 'content-encoding': encoding }

  it('reaches the model with the text that was packed', async () => {
    expect(await post(packed, headers)).toMatchObject({
      status: 200,
      text: expect.stringContaining('Hello') as unknown,
    })
    expect(model.calls[0]?.request.source).toBe(text)
  })

  it('may come in pieces', async () => {
    expect((await post(inPieces(packed, 3), headers)).status).toBe(200)
    expect(model.calls[0]?.request.source).toBe(text)
  })

  it.each([
    ['is cut', packed.subarray(0, -3)],
    ['is something else', bytes(Buffer.from(text))],
    ['has something behind it', bytes(Buffer.concat([packed, Buffer.from('{"model":"evil"}')]))],
    ['comes twice', bytes(Buffer.concat([packed, packed]))],
  ])('that %s is refused, and the gateway goes on', async (_name, spoilt) => {
    expect(await post(spoilt, headers)).toMatchObject({ status: 400, code: 'invalid_request' })
    expect((await post(packed, headers)).status).toBe(200)
    expect([model.calls.length, gateway.errors]).toEqual([1, []])
  })

  it('is looked at as any other once it is unpacked', async () => {
    const twice = packers[encoding](text.replace('"unheard_of"', '"model":"evil", "unheard_of"'))
    const deep = packers[encoding](text.replace('1.0', '['.repeat(70) + ']'.repeat(70)))
    expect(await post(bytes(twice), headers)).toMatchObject({ status: 400, code: 'duplicate_key' })
    expect(await post(bytes(deep), headers)).toMatchObject({ status: 400, code: 'json_too_complex' })
    expect(model.calls).toHaveLength(0)
  })

  it('is unpacked as far as a body may be long, and no further', async () => {
    const longest = text.replace('Hi', 'a'.repeat(maxBodyBytes - Buffer.byteLength(text) + 2))
    expect(Buffer.byteLength(longest)).toBe(maxBodyBytes)
    expect((await post(bytes(packers[encoding](longest)), headers)).status).toBe(200)
    const bomb = bytes(packers[encoding](Buffer.alloc(maxBodyBytes * 50, 0x20)))
    expect(bomb.length).toBeLessThan(maxBodyBytes)
    const { arrayBuffers } = process.memoryUsage()
    expect(await post(bomb, headers)).toMatchObject({ status: 413, code: 'request_too_large' })
    expect(await post(inPieces(bomb, 100), headers)).toMatchObject({ status: 413, code: 'request_too_large' })
    expect(process.memoryUsage().arrayBuffers - arrayBuffers).toBeLessThan(maxBodyBytes * 10)
    expect(model.calls).toHaveLength(1)
  })
})

describe('a compressed body that is not read', () => {
  const nonsense = bytes(Buffer.from('nonsense'))

  it.each([
    ['of another media type', nonsense, { 'content-type': 'text/plain' }, 415, 'unsupported_media_type'],
    ['too long before it is unpacked', bytes(Buffer.alloc(maxBodyBytes + 1)), {}, 413, 'request_too_large'],
  ] as const)('%s is refused, and the gateway goes on', async (...[, body, headers, status, code]) => {
    expect(await post(body, { 'content-encoding': 'gzip', ...headers })).toMatchObject({ status, code })
    expect((await post(bytes(gzipSync(text)), { 'content-encoding': 'gzip' })).status).toBe(200)
    expect(gateway.errors).toEqual([])
  })

  it('because its caller leaves is nobody’s fault', async () => {
    const client = await openChaosClient(gateway.url)
    client.write(
      'POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: 500\r\n\r\n\x1f',
    )
    client.leave()
    expect((await post(bytes(gzipSync(text)), { 'content-encoding': 'gzip' })).status).toBe(200)
    expect(gateway.errors).toEqual([])
  })
})

/** One raw block behind a frame header that asks for a window of `2 ** windowLog` bytes (RFC 8878, 3.1.1). */
function zstdFrame(windowLog: number): Uint8Array<ArrayBuffer> {
  const head = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, (windowLog - 10) << 3])
  const block = Buffer.alloc(4)
  block.writeUInt32LE((Buffer.byteLength(text) << 3) | 1)
  return bytes(Buffer.concat([head, block.subarray(0, 3), Buffer.from(text)]))
}

it('a window of zstd that is larger than the web allows is refused before it is set aside', async () => {
  expect(zstdDecompressSync(zstdFrame(27)).toString()).toBe(text)
  expect((await post(zstdFrame(23), { 'content-encoding': 'zstd' })).status).toBe(200)
  expect(await post(zstdFrame(24), { 'content-encoding': 'zstd' })).toMatchObject({
    status: 400,
    code: 'invalid_request',
  })
})

it('a body that says it is not packed is taken as it is', async () => {
  expect((await post(bytes(Buffer.from(text)), { 'content-encoding': 'identity' })).status).toBe(200)
})
