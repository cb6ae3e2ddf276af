/** What is written down of requests, over real connections: of those that were refused too, and what came in for each call. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { LedgerRow } from '../src/chat/call-context.ts'
import { completionOf, type FakeUpstream, refusing, saying, startFakeUpstream } from '../src/testing/fake-upstream.ts'
import { runConfig } from '../src/testing/run-config.ts'
import type { RunningGateway } from '../src/testing/run-gateway.ts'

let upstream: FakeUpstream
let gateway: RunningGateway

const config = (baseUrl: string): string => `
upstreams:
  up: { kind: openai, base_url: "${baseUrl}", max_retries: 1 }
models:
  - { id: a, upstream: up }
  - { id: closed, upstream: up }
mixtures:
  - { name: both, workers: [a, closed], aggregate: a }
keys:
  - { name: alice, key: key-of-alice, models: [a] }
`

beforeEach(async () => {
  upstream = await startFakeUpstream(saying('Hello there'))
  gateway = await runConfig(config(upstream.baseUrl))
})

afterEach(async () => {
  await gateway.close()
  await upstream.close()
})

const asking = (model: string): string => JSON.stringify({ model, messages: [{ role: 'user', content: 'Hi' }] })

async function post(path: string, body: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  const response = await fetch(gateway.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer key-of-alice', ...headers },
    body,
  })
  await response.text()
  return response
}

const chat = '/v1/chat/completions'
const outcomes = (): unknown[] => gateway.traces.map((trace) => trace.spans()[0]?.outcome)

describe('the row of a call', () => {
  async function rowsOf(): Promise<readonly LedgerRow[]> {
    await post(chat, asking('a'))
    return gateway.traces.flatMap((trace) => trace.ledger())
  }

  it('has the bytes of the body, and when its head came', async () => {
    const completion = completionOf('Grüße')
    upstream.reply = refusing(200, completion)
    const [row] = await rowsOf()
    expect(row).toMatchObject({ outcome: 'ok', bytes: Buffer.byteLength(JSON.stringify(completion)) })
    expect(row?.headersMs).toBeGreaterThan(0)
    expect(row?.headersMs).toBeLessThanOrEqual(row?.totalMs ?? 0)
  })

  it('has those of a refusal too, and of each attempt its own', async () => {
    upstream.reply = refusing(500, { error: { message: 'no' } })
    const rows = await rowsOf()
    expect(rows.map(({ step, requested, attempt }) => [step, requested, attempt])).toEqual([
      [0, 'a', 1],
      [0, 'a', 2],
    ])
    for (const row of rows) {
      expect(row).toMatchObject({ outcome: 'upstream_error', bytes: '{"error":{"message":"no"}}'.length })
      expect(row.headersMs).toBeGreaterThan(0)
    }
  })

  it('has none where nobody answered', async () => {
    await upstream.close()
    const [row] = await rowsOf()
    expect(row).toMatchObject({ outcome: 'upstream_unreachable', bytes: 0, headersMs: null })
  })
})

describe('a request that is refused', () => {
  it.each([
    ['invalid_json', chat, '{"model":', {}],
    ['unsupported_media_type', chat, asking('a'), { 'content-type': 'text/csv' }],
    ['invalid_request', '/v1/messages', '{"model":"a"}', {}],
    ['model_not_found', '/v1/responses', '{"model":"none","input":"Hi"}', {}],
    ['model_not_allowed', chat, asking('closed'), {}],
    ['request_too_large', chat, `{"model":"${'x'.repeat(33 * 1024 * 1024)}"}`, {}],
  ])('leaves one trace with its reason: %s', async (...[code, path, body, headers]) => {
    const response = await post(path, body, headers)
    expect(response.status).toBeGreaterThanOrEqual(400)
    expect(outcomes()).toEqual([code])
    expect(gateway.traces[0]?.id).toBe(response.headers.get('x-request-id'))
    expect(gateway.traces[0]?.ledger()).toEqual([])
  })

  it('leaves none where it shows no key, however wrong the rest is', async () => {
    const nobody = { authorization: 'Bearer of-nobody' }
    const responses = [await post(chat, '{', nobody), await post(chat, '{', { ...nobody, 'content-encoding': 'rot13' })]
    expect(responses.map(({ status }) => status)).toEqual([401, 415])
    expect(outcomes()).toEqual([])
  })

  it('leaves none where no model is asked', async () => {
    expect((await post('/mollmr/v1/explain', '{')).status).toBe(400)
    expect((await post('/v1/messages/count_tokens', '{')).status).toBe(400)
    expect((await post('/v1/nothing', '{')).status).toBe(404)
    expect(outcomes()).toEqual([])
  })
})
