import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { FakeClock } from '../testing/fake-clock.ts'
import { sendJson } from '../testing/fake-upstream.ts'
import { createTransport } from './http/transport.ts'
import { listModels, type ListRequest, type ModelList } from './list-models.ts'

const transport = createTransport()
let close: () => void = () => undefined

afterEach(() => {
  close()
})

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  close = () => {
    server.closeAllConnections()
    server.close()
  }
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
}

function list(baseUrl: string, request: Partial<ListRequest> = {}): Promise<ModelList> {
  return listModels(transport.dispatcher, {
    ...{ id: 'up', kind: 'openai', baseUrl, apiKey: 'sk-secret', waitMs: 5000 },
    ...request,
  })
}

describe('listModels', () => {
  it('gives the names, and what time it is there', async () => {
    const asked: unknown[] = []
    const baseUrl = await serve(({ url, headers }, response) => {
      asked.push([url, headers.authorization, headers['x-team']])
      response.setHeader('date', 'Sat, 28 Nov 2026 07:00:00 GMT')
      sendJson(response, { data: [{ id: 'a' }, { id: 'b' }, { name: 'no id' }] })
    })
    const found = await list(`${baseUrl}/`, { headers: { 'x-team': 'blue' } })
    expect(found).toEqual({ names: ['a', 'b'], error: null, dateMs: Date.UTC(2026, 10, 28, 7) })
    expect(asked).toEqual([['/v1/models', 'Bearer sk-secret', 'blue']])
  })

  it('takes null for an empty list', async () => {
    const baseUrl = await serve((_request, response) => {
      sendJson(response, { object: 'list', data: null })
    })
    expect(await list(baseUrl)).toMatchObject({ names: [], error: null })
  })

  it.each([
    [
      401,
      'upstream_auth_failed',
      'The upstream refuses the key of its config (upstream "up", status 401): *** is wrong',
    ],
    [404, 'upstream_bad_content_type', 'The upstream "up" lists no models (status 404); is base_url right?'],
    [405, 'upstream_bad_content_type', 'The upstream "up" lists no models (status 405); is base_url right?'],
    [503, 'upstream_error', 'The upstream failed (upstream "up", status 503): *** is wrong'],
  ] as const)('has no names of one that answers %d, but the time', async (status, code, message) => {
    const baseUrl = await serve((_request, response) => {
      sendJson(response, { error: { message: 'sk-secret is wrong' } }, { status })
    })
    const { names, error, dateMs } = await list(baseUrl)
    expect({ names, code: error?.code, message: error?.message }).toEqual({ names: null, code, message })
    expect(dateMs).toBeGreaterThan(0)
  })

  it('has no names of a web page', async () => {
    const baseUrl = await serve((_request, response) => response.end('<html></html>'))
    expect((await list(baseUrl)).error).toMatchObject({ code: 'upstream_bad_content_type', status: 200 })
  })

  it('has no names of one that is not there', async () => {
    const { names, error, dateMs } = await list('http://127.0.0.1:1/v1')
    expect({ names, code: error?.code, dateMs }).toEqual({ names: null, code: 'upstream_unreachable', dateMs: null })
    expect(error?.message).toContain('(upstream "up") (ECONNREFUSED)')
  })

  it('waits as long as it is told to', async () => {
    const clock = new FakeClock()
    let asked: () => void
    const wasAsked = new Promise<void>((resolve) => (asked = resolve))
    const baseUrl = await serve(() => {
      asked()
    })
    const listing = list(baseUrl, { waitMs: 300, clock })
    await wasAsked
    await clock.advance(300)
    expect((await listing).error).toMatchObject({
      code: 'upstream_timeout',
      message: 'The upstream "up" did not answer within 300 ms.',
    })
    expect(clock.pending).toBe(0)
  })
})
