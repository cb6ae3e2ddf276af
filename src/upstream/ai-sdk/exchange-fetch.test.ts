import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ResponseMeter } from '../../chat/call-context.ts'
import {
  type FakeUpstream,
  sendingRaw,
  sendJson,
  startFakeUpstream,
  type UpstreamReply,
} from '../../testing/fake-upstream.ts'
import { createTransport, type Transport } from '../http/transport.ts'
import { createExchangeFetch, metered } from './exchange-fetch.ts'

let server: FakeUpstream
let transport: Transport

beforeEach(async () => {
  transport = createTransport()
  server = await startFakeUpstream((response) => {
    sendJson(response, { ok: true })
  })
})

afterEach(async () => {
  await server.close()
  await transport.close()
})

function post(init: RequestInit = {}): Promise<Response> {
  const fetch = createExchangeFetch(transport.dispatcher, { id: 'm', secrets: [] })
  return fetch(`${server.baseUrl}/messages?beta=true`, { method: 'POST', body: '{"a":1}', ...init })
}

function page(status: number, headers: Readonly<Record<string, string>>, text: string): UpstreamReply {
  return (response) => {
    response.writeHead(status, headers)
    response.end(text)
  }
}

describe('the fetch of provider packages', () => {
  it('sends method, path, headers and body as they are', async () => {
    const response = await post({ headers: { 'x-api-key': 'k' } })
    expect(await response.json()).toEqual({ ok: true })
    expect(server.calls[0]).toMatchObject({
      path: '/v1/messages?beta=true',
      text: '{"a":1}',
      headers: { 'x-api-key': 'k' },
    })
  })

  it('gives the answer piece by piece', async () => {
    server.reply = (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('data: 1\n\n')
    }
    const reader = (await post()).body?.getReader()
    const first = await reader?.read()
    expect(Buffer.from(first?.value ?? []).toString()).toBe('data: 1\n\n')
    await reader?.cancel()
    await server.calls[0]?.aborted
  })

  it('tells what came to the meter of the call that made it, and to no other', async () => {
    const heard: string[] = []
    const meterOf = (name: string): ResponseMeter => ({
      answered: () => heard.push(`${name} answered`),
      received: (bytes) => heard.push(`${name} ${bytes}`),
    })
    const [first, second] = [metered(meterOf('first'), post), metered(meterOf('second'), post)]
    for (const response of [await first, await second, await post()]) await response.text()
    const bytes = '{"ok":true}'.length
    expect(heard.toSorted()).toEqual([`first ${bytes}`, 'first answered', `second ${bytes}`, 'second answered'])
  })

  it('does not follow a redirect', async () => {
    server.reply = page(307, { location: `${server.baseUrl}/elsewhere` }, '')
    expect((await post()).status).toBe(307)
    expect(server.calls).toHaveLength(1)
  })

  it('ends with its signal', async () => {
    server.reply = () => undefined
    const controller = new AbortController()
    const ended = post({ signal: controller.signal }).catch((error: unknown) => error)
    await expect.poll(() => server.calls.length).toBe(1)
    controller.abort()
    expect(await ended).toMatchObject({ code: 'client_closed' })
    await server.calls[0]?.aborted
  })

  it.each([
    ['a web page', page(200, { 'content-type': 'text/html' }, '<html>'), 'upstream_bad_content_type'],
    ['an encoding', page(200, { 'content-encoding': 'br' }, 'x'), 'upstream_bad_content_type'],
    ['no answer', sendingRaw(), 'upstream_reset'],
    ['no HTTP', sendingRaw('SSH-2.0-OpenSSH\r\n'), 'upstream_malformed'],
  ] as const)('rejects where there is %s', async (_, reply, code) => {
    server.reply = reply
    await expect(post()).rejects.toMatchObject({ code })
  })

  it('breaks the body where the connection breaks', async () => {
    server.reply = sendingRaw('HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 99\r\n\r\ndata: 1')
    const response = await post()
    await expect(response.text()).rejects.toMatchObject({ code: 'upstream_stream_cut' })
  })

  it.each([
    ['is cut', '5000'],
    ['is very long', '100000'],
  ])('tells of a failure whose body %s by its status', async (_, length) => {
    const head = `HTTP/1.1 429 Too Many\r\nretry-after: 7\r\ncontent-length: ${length}\r\n\r\n`
    server.reply = sendingRaw(head, '{"error":'.padEnd(length === '5000' ? 100 : 100_000))
    const response = await post()
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '7'])
    expect(await response.text()).toMatch(/^\{"error":/)
  })

  it('rejects where nobody listens', async () => {
    await server.close()
    await expect(post()).rejects.toMatchObject({ code: 'upstream_unreachable' })
  })
})
