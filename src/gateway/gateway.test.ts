import { afterEach, describe, expect, it } from 'vitest'
import { LoopError, MixtureError, UpstreamError } from '../chat/errors.ts'
import { createFailingModel, createFakeModel, createSayingModel, textSteps } from '../testing/fake-model.ts'
import { runGateway, type RunningGateway } from '../testing/run-gateway.ts'

let gateway: RunningGateway

afterEach(async () => {
  await gateway.close()
})

const usage = { prompt_tokens: 9, completion_tokens: 3, total_tokens: 12 }
const hello = { model: 'generic', messages: [{ role: 'user', content: 'Hi' }] }

function framesOf(text: string): string[] {
  return text
    .split('\n\n')
    .filter((frame) => frame.startsWith('data: '))
    .map((frame) => frame.slice('data: '.length))
}

function chunksOf(text: string): Record<string, unknown>[] {
  return framesOf(text)
    .filter((frame) => frame !== '[DONE]')
    .map((frame) => JSON.parse(frame) as Record<string, unknown>)
}

function contentOf(chunks: readonly Record<string, unknown>[]): string {
  const deltas = chunks.map((chunk) => (chunk['choices'] as { delta: { content?: string } }[])[0]?.delta.content ?? '')
  return deltas.join('')
}

it('a trace can be read while its request runs', async () => {
  const hanging = createFakeModel('generic', { script: () => [{ delta: { content: 'a' } }, { hang: true }] })
  gateway = await runGateway([hanging])
  const leave = new AbortController()
  const response = await gateway.chat({ ...hello, stream: true }, { signal: leave.signal })
  const id = response.headers.get('x-request-id') ?? ''
  const trace = await (await fetch(`${gateway.url}/mollmr/v1/traces/${id}`)).json()
  expect(trace).toMatchObject({ id, spans: [{ stage: 'request', endedMs: null, attributes: { route: 'generic' } }] })
  leave.abort()
})

describe('a whole answer', () => {
  it('carries the asked-for id as model, and headers that say what ran', async () => {
    gateway = await runGateway([createSayingModel('generic', 'Hello there', usage)])
    const response = await gateway.chat({ ...hello, model: 'mollmr/generic' })
    const body = (await response.json()) as Record<string, unknown>
    expect(response.status).toBe(200)
    expect(body).toMatchObject({ object: 'chat.completion', model: 'mollmr/generic', usage })
    expect(body['choices']).toMatchObject([
      { message: { role: 'assistant', content: 'Hello there' }, finish_reason: 'stop' },
    ])
    expect(response.headers.get('x-mollmr-route')).toBe('generic')
    expect(response.headers.get('x-request-id')).toMatch(/^req_/)
  })

  it("has an error with the upstream's cause, never a 401 for a key that is not the caller's", async () => {
    gateway = await runGateway([
      createFailingModel('generic', new UpstreamError('upstream_auth_failed', 'Key of "x" refused.')),
    ])
    const response = await gateway.chat(hello)
    expect(response.status).toBe(502)
    expect(await response.json()).toEqual({
      error: { message: 'Key of "x" refused.', type: 'upstream_error', param: null, code: 'upstream_auth_failed' },
    })
    expect(response.headers.get('x-should-retry')).toBe('false')
    expect(response.headers.get('x-request-id')).toMatch(/^req_/)
  })

  it('keeps the text of an unexpected error inside', async () => {
    gateway = await runGateway([createFailingModel('generic', new TypeError('secret detail'))])
    const response = await gateway.chat(hello)
    expect(response.status).toBe(500)
    expect(response.headers.get('x-should-retry')).toBe('false')
    expect(await response.text()).not.toContain('secret detail')
    expect(gateway.errors).toHaveLength(1)
  })

  it.each([
    [400, 400],
    [413, 413],
    [422, 422],
    // SDKs ask again after these, or take them for something else than a wrong request.
    [403, 400],
    [408, 400],
    [409, 400],
    [451, 400],
  ])('tells a refusal that the upstream gave as %i as %i', async (status, told) => {
    gateway = await runGateway([
      createFailingModel('generic', new UpstreamError('upstream_bad_request', 'No.', { status })),
    ])
    const response = await gateway.chat(hello)
    expect([response.status, response.headers.get('x-should-retry')]).toEqual([told, null])
    expect(await response.json()).toMatchObject({ error: { type: 'invalid_request_error' } })
  })

  it('says retry-after of at least a second, and only for a rate limit', async () => {
    const limited = new UpstreamError('rate_limit_exceeded', 'Too fast.', { status: 429, retryAfterMs: 20 })
    gateway = await runGateway([createFailingModel('generic', limited)])
    const response = await gateway.chat(hello)
    expect(response.status).toBe(429)
    expect(response.headers.get('retry-after')).toBe('1')
  })

  it('says of a loop how long to wait, so that the client neither hammers nor retries', async () => {
    gateway = await runGateway([createFailingModel('generic', new LoopError(121, 30_500))])
    const response = await gateway.chat(hello)
    expect([response.status, response.headers.get('retry-after'), response.headers.get('x-should-retry')]).toEqual([
      429,
      '31',
      'false',
    ])
    expect(await response.json()).toMatchObject({ error: { type: 'rate_limit_error', code: 'request_loop' } })
  })

  it('names every worker of a mixture that failed, with the status they share', async () => {
    const failures = [
      { worker: 'a', code: 'upstream_timeout', message: 'late' },
      { worker: 'b', code: 'upstream_timeout', message: 'late' },
    ] as const
    gateway = await runGateway([
      createFailingModel('generic', new MixtureError('all_workers_failed', 'None.', failures)),
    ])
    const response = await gateway.chat(hello)
    expect(response.status).toBe(504)
    expect(await response.json()).toMatchObject({ error: { code: 'all_workers_failed', details: failures } })
  })

  it('lists the ledger in usage.mollmr where the caller asks for it', async () => {
    gateway = await runGateway([createSayingModel('generic', 'x', usage)])
    const response = await gateway.chat({ ...hello, mollmr: { include: ['usage'] } })
    expect(await response.json()).not.toHaveProperty('mollmr')
    expect(gateway.traces[0]?.attributes.route).toBe('generic')
  })
})

describe('a streamed answer', () => {
  const streamed = { ...hello, stream: true }

  it('begins with a role, keeps one id and model, and ends with finish reason and [DONE]', async () => {
    gateway = await runGateway([createSayingModel('generic', 'Hello there, friend', usage)])
    const response = await gateway.chat({ ...streamed, model: 'mollmr/generic' })
    const text = await response.text()
    const chunks = chunksOf(text)
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    expect(chunks[0]).toMatchObject({
      choices: [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }],
    })
    expect(contentOf(chunks)).toBe('Hello there, friend')
    expect(chunks.at(-1)).toMatchObject({ choices: [{ finish_reason: 'stop' }] })
    expect(framesOf(text).at(-1)).toBe('[DONE]')
    expect(new Set(chunks.map((chunk) => chunk['id'])).size).toBe(1)
    expect(new Set(chunks.map((chunk) => chunk['model']))).toEqual(new Set(['mollmr/generic']))
    expect(chunks.some((chunk) => 'usage' in chunk)).toBe(false)
  })

  it('has a usage chunk with no choices where the caller asks for it', async () => {
    gateway = await runGateway([createSayingModel('generic', 'Hello', usage)])
    const response = await gateway.chat({ ...streamed, stream_options: { include_usage: true } })
    expect(chunksOf(await response.text()).at(-1)).toMatchObject({ choices: [], usage })
  })

  it('says a role first where the upstream says none', async () => {
    gateway = await runGateway([
      createFakeModel('generic', { script: () => [{ delta: { content: 'Hi' }, finish: 'stop' }] }),
    ])
    const chunks = chunksOf(await (await gateway.chat(streamed)).text())
    expect(chunks).toHaveLength(2)
    expect(chunks[0]).toMatchObject({ choices: [{ delta: { role: 'assistant', content: '' } }] })
  })

  it('keeps the status of an error that comes before the first byte', async () => {
    gateway = await runGateway([createFailingModel('generic', new UpstreamError('upstream_error', 'Broken.'))])
    const response = await gateway.chat(streamed)
    expect(response.status).toBe(502)
    expect(await response.json()).toMatchObject({ error: { code: 'upstream_error' } })
  })

  it('ends with an error frame, no finish reason and no [DONE], where it breaks in the middle', async () => {
    const steps = [...textSteps('Half of it').slice(0, -1), { fail: new UpstreamError('upstream_stream_cut', 'Cut.') }]
    gateway = await runGateway([createFakeModel('generic', { script: () => steps })])
    const text = await (await gateway.chat(streamed)).text()
    const chunks = chunksOf(text)
    expect(contentOf(chunks.slice(0, -1))).toBe('Half of it')
    expect(chunks.at(-1)).toMatchObject({ error: { code: 'upstream_stream_cut', type: 'upstream_error' } })
    expect(text).not.toContain('[DONE]')
    expect(text).not.toContain('"finish_reason":"stop"')
  })

  it('loses nothing to a reader that is slower than the model', async () => {
    const long = 'abcdefgh'.repeat(50_000)
    gateway = await runGateway([createSayingModel('generic', long)])
    const response = await gateway.chat(streamed)
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    const decoder = new TextDecoder()
    let text = ''
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      text += decoder.decode(read.value, { stream: true })
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(contentOf(chunksOf(text))).toBe(long)
  })
})

describe('a caller that leaves', () => {
  for (const stream of [true, false]) {
    it(`ends what runs for it, ${stream ? 'streamed' : 'not streamed'}`, async () => {
      const hanging = createFakeModel('generic', { script: () => [{ delta: { content: 'Wait' } }, { hang: true }] })
      gateway = await runGateway([hanging])
      const leave = new AbortController()
      const asked = gateway.chat({ ...hello, stream }, { signal: leave.signal }).then((response) => response.text())
      await until(() => hanging.calls.length === 1)
      leave.abort()
      await asked.catch(() => undefined)
      await until(() => hanging.calls[0]?.outcome === 'aborted')
      await until(() => gateway.traces.length === 1)
      expect(gateway.traces[0]?.spans()[0]?.outcome).toBe('client_closed')
    })
  }
})

describe('requests that cannot be served', () => {
  const long = 'x'.repeat(100_000)
  const cases: [name: string, path: string, init: RequestInit, status: number, code: string][] = [
    ['an unknown model', '/v1/chat/completions', json({ ...hello, model: 'genric' }), 404, 'model_not_found'],
    [
      'the router where none is configured',
      '/v1/chat/completions',
      json({ ...hello, model: 'router' }),
      404,
      'router_not_configured',
    ],
    ['broken JSON', '/v1/chat/completions', { ...json({}), body: '{' }, 400, 'invalid_json'],
    ['no body', '/v1/chat/completions', { ...json({}), body: '' }, 400, 'invalid_json'],
    ['no messages', '/v1/chat/completions', json({ model: 'generic', messages: [] }), 400, 'invalid_request'],
    [
      'a text body',
      '/v1/chat/completions',
      { method: 'POST', body: 'Hi', headers: { 'content-type': 'text/plain' } },
      415,
      'unsupported_media_type',
    ],
    [
      'a body that is too large',
      '/v1/chat/completions',
      json({ ...hello, pad: 'x'.repeat(2_000_000) }),
      413,
      'request_too_large',
    ],
    ['a wrong method', '/v1/chat/completions', { method: 'GET' }, 405, 'method_not_allowed'],
    ['a wrong path', '/v2/chat', { method: 'GET' }, 404, 'route_not_found'],
    ['a base URL with /v1 twice', '/v1/v1/models', { method: 'GET' }, 404, 'route_not_found'],
    ['an unknown model in the list', '/v1/models/nope', { method: 'GET' }, 404, 'model_not_found'],
    ['an unknown trace', '/mollmr/v1/traces/req_0', { method: 'GET' }, 404, 'route_not_found'],
    ['a trace with a long name', `/mollmr/v1/traces/${long}`, { method: 'GET' }, 404, 'route_not_found'],
    ['a response with a long name', `/v1/responses/${long}`, { method: 'GET' }, 404, 'response_not_found'],
    ['a path with bytes that are none', '/v1/models/%zz', { method: 'GET' }, 400, 'invalid_request'],
  ]

  it.each(cases)('%s', async (...[, path, init, status, code]) => {
    gateway = await runGateway([createSayingModel('generic', 'x')])
    const response = await fetch(gateway.url + path, init)
    const body = (await response.json()) as { error: Record<string, unknown> }
    expect(response.status).toBe(status)
    expect(body.error).toMatchObject({ code, type: 'invalid_request_error' })
    expect(gateway.errors).toEqual([])
    expect(response.headers.get('x-mollmr-attempts')).toBe(init.method === 'POST' ? '0' : null)
    expect(Object.keys(body.error).sort()).toEqual(['code', 'message', 'param', 'type'])
    expect(response.headers.get('x-request-id')).toMatch(/^req_/)
  })

  it('name the methods that a path takes', async () => {
    gateway = await runGateway([])
    const response = await fetch(`${gateway.url}/v1/chat/completions`)
    expect(response.headers.get('allow')).toBe('POST, OPTIONS')
  })

  it('hint at the doubled /v1', async () => {
    gateway = await runGateway([])
    expect(await (await fetch(`${gateway.url}/v1/v1/models`)).text()).toContain('/v1 twice')
  })
})

describe('closing', () => {
  it('lets a running answer end', async () => {
    const model = createFakeModel('generic', {
      script: () => [{ delta: { content: 'a' } }, { waitMs: 50 }, ...textSteps('b')],
    })
    gateway = await runGateway([model])
    const response = await gateway.chat({ ...hello, stream: true })
    const closed = gateway.close(5000)
    expect(contentOf(chunksOf(await response.text()))).toContain('b')
    await closed
  })

  it('cuts what is still running at its limit, with an error frame', async () => {
    const model = createFakeModel('generic', { script: () => [{ delta: { content: 'a' } }, { hang: true }] })
    gateway = await runGateway([model])
    const response = await gateway.chat({ ...hello, stream: true })
    const closed = gateway.close()
    expect(chunksOf(await response.text()).at(-1)).toMatchObject({ error: { code: 'server_shutdown' } })
    await closed
  })
})

function json(body: object): RequestInit {
  return { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2))
}
