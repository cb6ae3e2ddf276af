/** Embeddings and legacy completions: handed on to the upstream that has the model, with the official client. */
import OpenAI, { BadRequestError, NotFoundError } from 'openai'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  type FakeUpstream,
  hanging,
  refusing,
  sendEvents,
  sendJson,
  startFakeUpstream,
  type UpstreamReply,
} from '../src/testing/fake-upstream.ts'
import { runConfig } from '../src/testing/run-config.ts'
import type { RunningGateway } from '../src/testing/run-gateway.ts'

let upstream: FakeUpstream
let gateway: RunningGateway
let client: OpenAI

const config = (baseUrl: string): string => `
upstreams:
  up: { kind: openai, base_url: "${baseUrl}", api_key: sk-upstream }
  once: { kind: openai, base_url: "${baseUrl}", max_retries: 0 }
  narrow: { kind: openai, base_url: "${baseUrl}", max_concurrency: 1 }
  pretend: { kind: simulated }
models:
  - { id: embedder, upstream: up, name: bge-m3, price: { input: 1, output: 1 } }
  - { id: simulated, upstream: pretend }
  - { id: impatient, upstream: once }
  - { id: alone, upstream: narrow }
  - { id: alone-too, upstream: narrow }
mixtures:
  - { name: generic, description: Anything, workers: [embedder, simulated], aggregate: embedder }
`

const vector = Buffer.from(new Float32Array([0.25, -1]).buffer).toString('base64')

const embedding: UpstreamReply = (response, { body }) => {
  const isBase64 = body['encoding_format'] === 'base64'
  sendJson(response, {
    object: 'list',
    data: [{ object: 'embedding', index: 0, embedding: isBase64 ? vector : [0.25, -1], extra: 'kept' }],
    model: 'bge-m3-2026',
    usage: { prompt_tokens: 1_000_000, total_tokens: 1_000_000 },
  })
}

const completing: UpstreamReply = (response, { body }) => {
  const piece = (text: string): object => ({
    id: 'cmpl-1',
    object: 'text_completion',
    created: 1,
    model: 'bge-m3',
    choices: [{ index: 0, text, finish_reason: null, logprobs: null }],
  })
  if (body.stream === true)
    sendEvents(response, [...['Once ', 'upon'].map((text) => JSON.stringify(piece(text))), '[DONE]'])
  else sendJson(response, piece('Once upon'))
}

beforeEach(async () => {
  upstream = await startFakeUpstream(embedding)
  gateway = await runConfig(config(upstream.baseUrl))
  client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'any', maxRetries: 0 })
})

afterEach(async () => {
  await gateway.close()
  await upstream.close()
})

describe('C16: embeddings', () => {
  it.each(['embedder', 'mollmr/embedder'])(
    'come as the official client asks for them, in base64: %s',
    async (model) => {
      const { data, model: named } = await client.embeddings.create({ model, input: 'Hi' })
      expect(data[0]).toMatchObject({ embedding: [0.25, -1], extra: 'kept' })
      expect(named).toBe(model)
      expect(upstream.calls[0]).toMatchObject({
        path: '/v1/embeddings',
        headers: { authorization: 'Bearer sk-upstream' },
      })
      expect(upstream.calls[0]?.body).toMatchObject({ model: 'bge-m3', input: 'Hi', encoding_format: 'base64' })
    },
  )

  it('keep the text of the request, but for the name of the model', async () => {
    const body = '{ "model": "embedder", "input": ["a"], "dimensions": 2.0, "new_field": 12345678901234567890 }'
    await fetch(`${gateway.url}/v1/embeddings`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })
    expect(upstream.calls[0]?.text).toBe(body.replace('embedder', 'bge-m3'))
  })

  it('are in the ledger with what they took', async () => {
    await client.embeddings.create({ model: 'embedder', input: 'Hi' })
    expect(gateway.traces[0]?.ledger()).toMatchObject([
      { requested: 'embedder', outcome: 'ok', usage: { promptTokens: 1_000_000 }, source: 'reported', costUsd: 1 },
    ])
  })

  it.each([
    ['generic', BadRequestError],
    ['simulated', BadRequestError],
    ['nope', NotFoundError],
  ])('of %s are refused clearly', async (model, expected) => {
    await expect(client.embeddings.create({ model, input: 'Hi' })).rejects.toBeInstanceOf(expected)
    expect(upstream.calls).toHaveLength(0)
  })

  it.each(['', '{"input":"Hi"}', '{"model":3}'])('cannot be asked for with %j', async (body) => {
    const headers = body === '' ? {} : { 'content-type': 'application/json' }
    const sent = { method: 'POST', headers, ...(body === '' ? {} : { body }) }
    expect((await fetch(`${gateway.url}/v1/embeddings`, sent)).status).toBe(400)
  })

  it('are for keys that may ask the model', async () => {
    const keys = 'keys: [{ name: anna, key: "${ANNA_KEY}", models: [generic] }]'
    const closed = await runConfig(config(upstream.baseUrl) + keys, { ANNA_KEY: 'mk_anna_0123456789abcdef' })
    const anna = new OpenAI({ baseURL: `${closed.url}/v1`, apiKey: 'mk_anna_0123456789abcdef', maxRetries: 0 })
    await expect(anna.embeddings.create({ model: 'embedder', input: 'Hi' })).rejects.toMatchObject({
      status: 403,
      code: 'model_not_allowed',
    })
    await closed.close()
  })

  it('fail with the reason of the upstream', async () => {
    upstream.reply = refusing(400, { error: { message: 'input is too long' } })
    const asked = client.embeddings.create({ model: 'embedder', input: 'Hi' })
    await expect(asked).rejects.toMatchObject({ status: 400, message: expect.stringContaining('input is too long') })
    expect(gateway.traces[0]?.ledger()).toMatchObject([{ outcome: 'upstream_bad_request' }])
  })

  it('in base64 keep every byte', async () => {
    const text = `{ "object":"list", "data":[{"object":"embedding","index":0,"embedding":"${vector}"}], "model":"bge", "extra": 1.0, "usage":{"prompt_tokens":2,"total_tokens":2} }`
    upstream.reply = (response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(text)
    }
    const response = await embed({ encoding_format: 'base64' })
    expect(await response.text()).toBe(text.replace('"bge"', '"embedder"'))
  })

  it('end when the caller leaves', async () => {
    upstream.reply = hanging
    const leave = new AbortController()
    const asked = client.embeddings.create({ model: 'embedder', input: 'Hi' }, { signal: leave.signal })
    while (upstream.calls.length === 0) await new Promise((resolve) => setTimeout(resolve, 2))
    leave.abort()
    await expect(asked).rejects.toThrow()
    await upstream.calls[0]?.aborted
  })
})

/** A body of its own, for what the official client does not send. */
function embed(fields: object = {}, model = 'embedder'): Promise<Response> {
  return fetch(`${gateway.url}/v1/embeddings`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model, input: 'Hi', ...fields }),
  })
}

async function codeOf(response: Response): Promise<unknown> {
  const { error } = (await response.json()) as { readonly error?: { readonly code: string; readonly param: string } }
  return error && [response.status, error.code, error.param]
}

const failing = refusing(503, { error: { message: 'Overloaded' } })

describe('a call that is handed on is one of its model like any other', () => {
  it('is made again where it fails in a way that may pass, each attempt a row of the ledger', async () => {
    upstream.reply = (response, call) => (upstream.calls.length === 1 ? failing : embedding)(response, call)
    const response = await embed()
    expect([response.status, response.headers.get('x-mollmr-attempts')]).toEqual([200, '2'])
    expect(gateway.traces[0]?.ledger()).toMatchObject([
      { outcome: 'upstream_error' },
      { outcome: 'ok', resolved: 'bge-m3-2026' },
    ])
  })

  it('is not made again where the upstream refuses', async () => {
    upstream.reply = refusing(400, { error: { message: 'No.' } })
    expect(await codeOf(await embed())).toEqual([400, 'upstream_bad_request', null])
    expect(upstream.calls).toHaveLength(1)
  })

  it('shares the rest that a model takes after failing', async () => {
    upstream.reply = failing
    for (let calls = 0; calls < 5; calls += 1) await (await embed({}, 'impatient')).text()
    upstream.reply = embedding
    expect(await codeOf(await embed({}, 'impatient'))).toEqual([502, 'upstream_unavailable', null])
    const messages = [{ role: 'user', content: 'Hi' }]
    expect(await codeOf(await gateway.chat({ model: 'impatient', messages }))).toEqual([
      502,
      'upstream_unavailable',
      null,
    ])
    expect(upstream.calls).toHaveLength(5)
    expect((await embed()).status).toBe(200)
  })

  it('waits in the line of its upstream', async () => {
    let answer = (): void => undefined
    upstream.reply = (response, call) => {
      answer = () => void embedding(response, call)
    }
    const [first, second] = [embed({}, 'alone'), embed({}, 'alone-too')]
    await expect.poll(() => upstream.calls.length).toBe(1)
    upstream.reply = embedding
    answer()
    expect([(await first).status, (await second).status]).toEqual([200, 200])
    expect(upstream.calls.map(({ body }) => body.model)).toEqual(['alone', 'alone-too'])
  })

  it('ends at the limit of a request', async () => {
    upstream.reply = hanging
    const limited = await runConfig(`server: { deadlines: { first_content_ms: 30 } }\n${config(upstream.baseUrl)}`)
    const asked = new OpenAI({ baseURL: `${limited.url}/v1`, apiKey: 'any', maxRetries: 0 })
    await expect(asked.embeddings.create({ model: 'impatient', input: 'Hi' })).rejects.toMatchObject({
      status: 504,
      code: 'upstream_timeout',
    })
    await upstream.calls[0]?.aborted
    await limited.close()
  })

  it('is not made where the budget of its request has no room, and the upstream never sees that field', async () => {
    const wide = { budget: { max_tokens: 50, max_cost_usd: 1 } }
    expect((await embed({ mollmr: wide })).status).toBe(200)
    expect(upstream.calls[0]?.body).toEqual({ model: 'bge-m3', input: 'Hi' })
    const input = ['a long text '.repeat(100), 'another '.repeat(100)]
    expect(await codeOf(await embed({ input, mollmr: { budget: { max_tokens: 50 } } }))).toEqual([
      402,
      'budget_exceeded',
      null,
    ])
    expect(upstream.calls).toHaveLength(1)
  })

  it.each([
    [{ workers: ['embedder'] }, 'mollmr.workers'],
    [{ quorum: 2 }, 'mollmr.quorum'],
    [{ nonsense: 1 }, 'mollmr.nonsense'],
  ])('takes no options of mixtures: %j', async (mollmr, param) => {
    expect(await codeOf(await embed({ mollmr }))).toEqual([400, 'invalid_request', param])
  })

  it('is reckoned with what it reads where the upstream does not count', async () => {
    upstream.reply = (response) => {
      sendJson(response, { object: 'list', model: 'bge', data: [] })
    }
    await (await embed({ input: [[1, 2, 3], [4]] })).text()
    expect(gateway.traces[0]?.ledger()).toMatchObject([{ source: 'estimated', usage: { completionTokens: 0 } }])
    expect(gateway.traces[0]?.ledger()[0]?.usage?.promptTokens).toBeGreaterThan(0)
  })

  it.each([
    ['JSON of another kind', { object: 'list' }, 'upstream_malformed'],
    ['an error with a good status', { error: { message: 'No.', code: 'model_not_found' } }, 'upstream_model_not_found'],
  ])('fails where it is answered with %s', async (_name, body, code) => {
    upstream.reply = refusing(200, body)
    expect(await codeOf(await embed({}, 'impatient'))).toEqual([502, code, null])
  })
})

describe('legacy completions', () => {
  beforeEach(() => {
    upstream.reply = completing
  })

  it('come whole', async () => {
    const completion = await client.completions.create({ model: 'embedder', prompt: 'Once' })
    expect(completion).toMatchObject({ model: 'embedder', choices: [{ text: 'Once upon' }] })
    expect(upstream.calls[0]?.path).toBe('/v1/completions')
  })

  it('stream', async () => {
    const texts: string[] = []
    const stream = await client.completions.create({ model: 'embedder', prompt: 'Once', stream: true })
    for await (const { model, choices } of stream) texts.push(`${model}: ${choices[0]?.text}`)
    expect(texts).toEqual(['embedder: Once ', 'embedder: upon'])
  })

  it('have their usage in the ledger, and end where the upstream says so', async () => {
    const piece = (fields: object): string => JSON.stringify({ id: 'c', model: 'm', ...fields })
    upstream.reply = (response) => {
      const said = piece({ choices: [{ index: 0, text: 'Once', finish_reason: 'stop' }] })
      sendEvents(response, [said, piece({ choices: [], usage: { prompt_tokens: 7, completion_tokens: 1 } })])
    }
    const stream = await client.completions.create({ model: 'embedder', prompt: 'Once', stream: true })
    const texts: string[] = []
    for await (const { choices } of stream) texts.push(...choices.map(({ text }) => text))
    expect(texts).toEqual(['Once'])
    await expect
      .poll(() => gateway.traces[0]?.ledger())
      .toMatchObject([{ source: 'reported', usage: { promptTokens: 7, completionTokens: 1 } }])
  })

  it('that stop without a reason are not taken for whole', async () => {
    upstream.reply = (response) => {
      sendEvents(response, ['{"id":"x","model":"m","choices":[{"index":0,"text":"Half","finish_reason":null}]}'])
    }
    const reading = async (): Promise<void> => {
      const stream = await client.completions.create({ model: 'impatient', prompt: 'Once', stream: true })
      for await (const chunk of stream) expect(chunk.choices[0]?.text).toBe('Half')
    }
    await expect(reading()).rejects.toMatchObject({ code: 'upstream_stream_truncated' })
  })

  it.each([true, false])(
    'come in the form that was asked for, whatever the upstream answers in: stream %s',
    async (asked) => {
      upstream.reply = (response, call) => completing(response, { ...call, body: { ...call.body, stream: !asked } })
      const body = { model: 'embedder', prompt: 'Once' }
      if (asked) {
        const texts: string[] = []
        for await (const { choices } of await client.completions.create({ ...body, stream: true }))
          texts.push(choices[0]?.text ?? '')
        expect(texts).toEqual(['Once upon'])
      } else {
        const completion = await client.completions.create(body)
        expect(completion).toMatchObject({
          object: 'text_completion',
          model: 'embedder',
          choices: [{ text: 'Once upon' }],
        })
      }
    },
  )

  it('that break end with an error', async () => {
    upstream.reply = (response) => {
      sendEvents(response, ['{"id":"x","model":"m","choices":[{"index":0,"text":"Half"}]}'], false)
      response.write('', () => response.socket?.destroy())
    }
    const reading = async (): Promise<void> => {
      const stream = await client.completions.create({ model: 'embedder', prompt: 'Once', stream: true })
      for await (const chunk of stream) expect(chunk.choices[0]?.text).toBe('Half')
    }
    await expect(reading()).rejects.toMatchObject({ code: 'upstream_stream_cut' })
  })

  it('of a mixture are refused clearly', async () => {
    await expect(client.completions.create({ model: 'generic', prompt: 'Once' })).rejects.toMatchObject({
      status: 400,
      param: 'model',
    })
  })
})
