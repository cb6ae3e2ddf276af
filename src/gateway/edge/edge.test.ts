/** Hostile and broken requests on bare sockets: each is refused in the shape of any other error, and reaches no model. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ChaosClient, openChaosClient, writeRequest } from '../../testing/chaos-client.ts'
import { createFakeModel, type FakeModel, textSteps } from '../../testing/fake-model.ts'
import { runGateway, type RunningGateway } from '../../testing/run-gateway.ts'

const path = '/v1/chat/completions'
const hello = { model: 'generic', messages: [{ role: 'user', content: 'Hi' }] }
const text = JSON.stringify(hello)
const size = text.length
const start = `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n`
const chunked = `${size.toString(16)}\r\n${text}\r\n0\r\n\r\n`
const whole = (headers: string): string => `${start}${headers}Content-Length: ${size}\r\n\r\n${text}`
const smuggled = writeRequest('/health/live')

let model: FakeModel
let gateway: RunningGateway

beforeEach(async () => {
  model = createFakeModel('generic', { script: () => textSteps('Hello') })
  gateway = await runGateway([model], { patience: { headersMs: 100, requestMs: 200 } })
})

afterEach(async () => {
  await gateway.close()
})

async function send(bytes: string): Promise<ChaosClient> {
  const client = await openChaosClient(gateway.url)
  client.write(bytes)
  return client
}

interface Refusal {
  readonly status: number
  readonly headers: string
  readonly error: Record<string, unknown>
}

function refusalOf({ text: answer }: ChaosClient): Refusal {
  const [headers = '', body = ''] = answer.split('\r\n\r\n')
  return { status: Number(answer.split(' ')[1]), headers, error: (JSON.parse(body) as { error: never }).error }
}

const numbered = Array.from({ length: 101 }, (_, index) => `X-${index}: 1\r\n`).join('')

const smuggling: [name: string, bytes: string, status: number, code: string][] = [
  ['content-length beside chunks', whole('Transfer-Encoding: chunked\r\n'), 400, 'invalid_request'],
  ['content-length twice', whole(`Content-Length: ${size}\r\n`), 400, 'invalid_request'],
  ['two different content-lengths', whole('Content-Length: 3\r\n'), 400, 'invalid_request'],
  ['a folded header', whole('X-A: a\r\n b\r\n'), 400, 'invalid_request'],
  ['bare line feeds', whole('').replaceAll('\r\n', '\n'), 400, 'invalid_request'],
  ['a bare carriage return', whole('X-A: a\rX-B: b\r\n'), 400, 'invalid_request'],
  ['NUL in a header', whole('X-A: a\0b\r\n'), 400, 'invalid_request'],
  ['a space before the colon', `${start}Content-Length : ${size}\r\n\r\n${text}`, 400, 'invalid_request'],
  ...['+5', '0x1f', '-1', '5,5', '99999999999999999999999'].map((length): [string, string, number, string] => [
    `content-length ${length}`,
    `${start}Content-Length: ${length}\r\n\r\n${text}`,
    400,
    'invalid_request',
  ]),
  [
    'a chunk size that overflows',
    `${start}Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n${text}\r\n0\r\n\r\n`,
    400,
    'invalid_request',
  ],
  [
    'a chunk extension of 20 KB',
    `${start}Transfer-Encoding: chunked\r\n\r\n${size.toString(16)};${'a'.repeat(20_000)}\r\n${text}\r\n0\r\n\r\n`,
    400,
    'invalid_request',
  ],
  [
    'chunks in HTTP/1.0',
    `${start.replace('1.1', '1.0')}Transfer-Encoding: chunked\r\n\r\n${chunked}`,
    400,
    'invalid_request',
  ],
  ['another transfer coding', `${start}Transfer-Encoding: gzip, chunked\r\n\r\n${chunked}`, 400, 'invalid_request'],
  ['two Host headers', whole('Host: b\r\n'), 400, 'invalid_request'],
  ['no Host header', whole('').replace('Host: a\r\n', ''), 400, 'invalid_request'],
  ['an absolute URL', whole('').replace('/v1', 'http://elsewhere/v1'), 400, 'invalid_request'],
  ['101 header fields', whole(numbered), 431, 'headers_too_large'],
  ['200 KB of headers', whole(`X-A: ${'a'.repeat(200_000)}\r\n`), 431, 'headers_too_large'],
  ['TRACE', 'TRACE / HTTP/1.1\r\nHost: a\r\n\r\n', 405, 'method_not_allowed'],
  ['CONNECT', 'CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n', 405, 'method_not_allowed'],
  ['HTTP/0.9', 'GET /health/live\r\n\r\n', 400, 'invalid_request'],
  ['an upgrade to HTTP/2', whole('Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n'), 400, 'invalid_request'],
  ['HTTP/2 at once', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, 'invalid_request'],
  ['a method nobody knows', 'BREW / HTTP/1.1\r\nHost: a\r\n\r\n', 400, 'invalid_request'],
  ['an expectation', whole('Expect: 200-maybe\r\n'), 400, 'invalid_request'],
]

describe('a request whose end could be read in two ways, or that wants what is not there', () => {
  it.each(smuggling)('%s', async (...[, bytes, status, code]) => {
    const client = await send(bytes + smuggled)
    await client.closed
    const refusal = refusalOf(client)
    expect(refusal).toMatchObject({ status, error: { type: 'invalid_request_error', param: null, code } })
    expect(refusal.headers).toMatch(/x-request-id: req_/)
    expect(client.text.match(/HTTP\/1\.1 \d/g)).toHaveLength(1)
    expect(model.calls).toHaveLength(0)
  })
})

describe('a request that is refused on a connection that goes on', () => {
  it.each([
    ['a body compressed in a way nobody knows', whole('Content-Encoding: compress\r\n'), 415, 'unsupported_encoding'],
    ['a body compressed twice', whole('Content-Encoding: gzip, gzip\r\n'), 415, 'unsupported_encoding'],
    ['a POST without a body', `POST ${path} HTTP/1.1\r\nHost: a\r\n\r\n`, 400, 'invalid_json'],
    ['a broken path', writeRequest('/v1/models/%ff%zz'), 400, 'invalid_request'],
    ['a method that the path does not take', 'PATCH /v1/models HTTP/1.1\r\nHost: a\r\n\r\n', 405, 'method_not_allowed'],
  ])('%s', async (...[, bytes, status, code]) => {
    const client = await send(bytes)
    await client.until('"code"')
    expect(refusalOf(client)).toMatchObject({ status, error: { type: 'invalid_request_error', code } })
    expect(model.calls).toHaveLength(0)
    client.write(smuggled)
    await client.until('{"status":"ok"}')
    client.leave()
  })

  it('says which methods a path takes where it is asked', async () => {
    const response = await fetch(gateway.url + path, { method: 'OPTIONS' })
    expect([response.status, response.headers.get('allow')]).toEqual([204, 'POST, OPTIONS'])
  })
})

describe('a slow request', () => {
  it.each([
    ['says nothing', ''],
    ['does not end its headers', `${start}Content-Length: 5\r\nX-A:`],
    ['does not end its body', `${start}Content-Length: ${size}\r\n\r\n{`],
  ])('that %s is ended with 408', async (_name, bytes) => {
    const client = await send(bytes)
    await client.closed
    const { status, error } = refusalOf(client)
    expect([status, error['code']]).toEqual([408, 'request_timeout'])
    expect(model.calls).toHaveLength(0)
    expect(gateway.errors).toEqual([])
  })
})

describe('a caller that closes its half of the connection', () => {
  const slow = (): void => {
    model = createFakeModel('generic', { script: () => [{ waitMs: 80 }, ...textSteps('Hello')] })
  }

  it.each([true, false])('is answered in full (streamed: %s)', async (stream) => {
    slow()
    await gateway.close()
    gateway = await runGateway([model])
    const client = await send(writeRequest(path, { ...hello, stream }))
    client.halfClose()
    await client.closed
    expect(client.text).toContain(stream ? 'data: [DONE]' : '"finish_reason":"stop"')
    expect(client.text.replaceAll('HTTP/1.1 100 Continue\r\n\r\n', '')).toMatch(/^HTTP\/1\.1 200/)
    expect(gateway.traces[0]?.spans()[0]?.outcome).toBe('ok')
  })

  it.each([
    ['leaves', 'leave', false],
    ['crashes', 'reset', false],
    ['leaves in mid-stream', 'leave', true],
    ['crashes in mid-stream', 'reset', true],
  ] as const)('is told from one that %s', async (...[, how, stream]) => {
    model = createFakeModel('generic', { script: () => [{ delta: { content: 'Wait' } }, { hang: true }] })
    await gateway.close()
    gateway = await runGateway([model])
    const client = await send(writeRequest(path, { ...hello, stream }))
    if (stream) await client.until('Wait')
    while (model.calls.length === 0) await new Promise((resolve) => setTimeout(resolve, 2))
    client[how]()
    while (gateway.traces.length === 0) await new Promise((resolve) => setTimeout(resolve, 2))
    expect(gateway.traces[0]?.spans()[0]?.outcome).toBe('client_closed')
    expect(model.calls[0]?.outcome).toBe('aborted')
  })
})
