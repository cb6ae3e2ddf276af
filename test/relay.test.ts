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
  pretend: { kind: simulated }
models:
  - { id: embedder, upstream: up, name: bge-m3, price: { input: 1, output: 1 } }
  - { id: simulated, upstream: pretend }
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
