/** What clients need of chat completions and models: C1 to C10 of the conformance list, with the official client where it can. */
import OpenAI, { type APIError, NotFoundError, RateLimitError } from 'openai'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { UpstreamError } from '../src/chat/errors.ts'
import { createMixture } from '../src/mixture/mixture.ts'
import {
  createFailingModel,
  createFakeModel,
  createSayingModel,
  type FakeModel,
  textSteps,
} from '../src/testing/fake-model.ts'
import { runGateway, type RunningGateway } from '../src/testing/run-gateway.ts'
import { recordCalls } from '../src/trace/record-calls.ts'

const usage = {
  prompt_tokens: 20,
  completion_tokens: 4,
  total_tokens: 24,
  prompt_tokens_details: { cached_tokens: 8 },
  completion_tokens_details: { reasoning_tokens: 2 },
}
const messages = [{ role: 'user' as const, content: 'Say something.' }]

let gateway: RunningGateway
let client: OpenAI
let single: FakeModel
let worker: FakeModel
let aggregate: FakeModel

beforeEach(async () => {
  single = createSayingModel('org/single', 'A single answer.', usage)
  worker = createSayingModel('worker', 'A draft.', usage)
  aggregate = createSayingModel('aggregate', 'The answer.', usage)
  const calling = createFakeModel('calling', {
    script: () => [
      { delta: { role: 'assistant', content: null, tool_calls: [toolCall(0, 'call_1', 'add')] } },
      { delta: { tool_calls: [{ index: 0, function: { arguments: '{"a":1,' } }] } },
      { delta: { tool_calls: [{ index: 0, function: { arguments: '"b":2}' } }] } },
      { delta: {}, finish: 'tool_calls' },
    ],
  })
  const cut = createFakeModel('cut', {
    script: () => [...textSteps('Half').slice(0, -1), { fail: new UpstreamError('upstream_stream_cut', 'Cut.') }],
  })
  const limited = createFailingModel(
    'limited',
    new UpstreamError('rate_limit_exceeded', 'Too fast.', { status: 429, retryAfterMs: 1000 }),
  )
  const ledger = (model: FakeModel): FakeModel => ({ ...recordCalls(model), calls: model.calls })
  const mixture = createMixture({
    id: 'generic',
    description: 'Anything.',
    workers: [ledger(worker), { model: ledger(worker), label: 'again' }],
    aggregate: ledger(aggregate),
  })
  gateway = await runGateway([mixture, single, calling, cut, limited])
  client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'any', maxRetries: 0 })
})

afterEach(async () => {
  await gateway.close()
})

function toolCall(
  index: number,
  id: string,
  name: string,
): { index: number; id: string; type: string; function: { name: string; arguments: string } } {
  return { index, id, type: 'function', function: { name, arguments: '' } }
}

describe('C1: the list of models', () => {
  it('is read by the official client', async () => {
    const ids: string[] = []
    for await (const model of client.models.list()) {
      expect(model).toMatchObject({ object: 'model', created: expect.any(Number), owned_by: expect.any(String) })
      ids.push(model.id)
    }
    expect(ids).toEqual(['generic', 'org/single', 'calling', 'cut', 'limited'].map((id) => `mollmr/${id}`))
  })

  it.each([
    '/v1/models/mollmr/org/single',
    '/v1/models/mollmr%2Forg%2Fsingle',
    '/v1/models/org/single',
    '/models/org%2Fsingle/',
  ])('has one model at %s', async (path) => {
    expect(await (await fetch(gateway.url + path)).json()).toMatchObject({
      id: 'mollmr/org/single',
      object: 'model',
      name: expect.any(String),
      capabilities: { kind: 'model', tools: true, modalities: ['text'] },
    })
  })

  it('has what Open WebUI and others read beside the four fields', async () => {
    const model = await client.models.retrieve('mollmr/generic')
    expect(model).toMatchObject({ description: 'Anything.', context_length: null, capabilities: { kind: 'mixture' } })
  })
})

describe('C2: the list in the shape of Anthropic', () => {
  const headers = { 'anthropic-version': '2023-06-01' }

  it('is what a caller with anthropic-version gets, without a redirect', async () => {
    const response = await fetch(`${gateway.url}/v1/models?limit=1000`, { headers, redirect: 'error' })
    const list = (await response.json()) as { data: unknown[]; has_more: boolean; first_id: string; last_id: string }
    expect(list).toMatchObject({ has_more: false, first_id: 'claude-mollmr-generic', last_id: 'mollmr/limited' })
    expect(list.data[0]).toMatchObject({ type: 'model', id: 'claude-mollmr-generic', display_name: 'mollmr/generic' })
    expect(list.data[1]).toMatchObject({ type: 'model', id: 'mollmr/generic', display_name: 'mollmr/generic' })
    expect(list.data[0]).toHaveProperty('created_at', expect.stringMatching(/^\d{4}-\d\d-\d\dT/))
  })

  it('honours its limit', async () => {
    const list = await (await fetch(`${gateway.url}/v1/models?limit=2`, { headers })).json()
    expect(list).toMatchObject({ has_more: true, first_id: 'claude-mollmr-generic', last_id: 'mollmr/generic' })
  })
})

describe('C3: keys', () => {
  it.each([
    { authorization: 'Bearer sk-any' },
    { 'x-api-key': 'sk-any' },
    { 'x-api-key': 'sk-any', 'anthropic-version': '2026-10-21' },
    {},
  ])('of any kind are accepted on the loopback: %j', async (headers) => {
    const response = await gateway.chat(
      { model: 'org/single', messages },
      { headers: { 'content-type': 'application/json', ...headers } },
    )
    expect(response.status).toBe(200)
  })
})

describe.each(['org/single', 'mollmr/generic'])('C4: a stream of %s', (model) => {
  it('has every field that strict clients need, in every chunk', async () => {
    const chunks: OpenAI.ChatCompletionChunk[] = []
    for await (const chunk of await client.chat.completions.create({ model, messages, stream: true }))
      chunks.push(chunk)
    for (const chunk of chunks) {
      expect(chunk).toMatchObject({
        id: expect.any(String),
        object: 'chat.completion.chunk',
        created: expect.any(Number),
        model,
      })
      for (const choice of chunk.choices) expect(choice).toMatchObject({ index: 0, delta: expect.any(Object) })
    }
    expect(chunks[0]?.choices[0]).toEqual({ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null })
    expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe('stop')
    expect(new Set(chunks.map(({ id, created }) => `${id} ${created}`)).size).toBe(1)
    expect(chunks.some((chunk) => chunk.usage)).toBe(false)
  })

  it('satisfies the stream helper, usage included where it is asked for', async () => {
    const stream = client.chat.completions.stream({ model, messages, stream_options: { include_usage: true } })
    const final = await stream.finalChatCompletion()
    expect(final.choices[0]).toMatchObject({ finish_reason: 'stop', message: { role: 'assistant' } })
    expect(final.choices[0]?.message.content).toBe(model === 'org/single' ? 'A single answer.' : 'The answer.')
    expect(final.usage?.completion_tokens).toBe(4)
  })
})

describe('C5: tool calls', () => {
  const tools = [{ type: 'function' as const, function: { name: 'add', parameters: {} } }]

  it('stream with index, id, name and arguments', async () => {
    const stream = client.chat.completions.stream({ model: 'calling', messages, tools })
    const message = await stream.finalMessage()
    expect(message.tool_calls).toMatchObject([
      { id: 'call_1', type: 'function', function: { name: 'add', arguments: '{"a":1,"b":2}' } },
    ])
  })

  it('come whole with content null', async () => {
    const completion = await client.chat.completions.create({ model: 'calling', messages, tools })
    expect(completion.choices[0]).toMatchObject({ finish_reason: 'tool_calls', message: { content: null } })
  })

  it('are accepted back with their results', async () => {
    const call = { id: 'call_1', type: 'function' as const, function: { name: 'add', arguments: '{}' } }
    const completion = await client.chat.completions.create({
      model: 'org/single',
      tools,
      messages: [
        ...messages,
        { role: 'assistant', content: null, tool_calls: [call] },
        { role: 'tool', tool_call_id: 'call_1', content: '3' },
      ],
    })
    expect(completion.choices[0]?.message.content).toBe('A single answer.')
    expect(single.calls[0]?.request.body.messages.at(-1)).toEqual({
      role: 'tool',
      tool_call_id: 'call_1',
      content: '3',
    })
  })
})

describe('C6: usage', () => {
  it('of a single model is what its upstream said, with details', async () => {
    expect((await client.chat.completions.create({ model: 'org/single', messages })).usage).toEqual(usage)
  })

  it("of a mixture is the caller's own prompt and the answer, with the sum of all calls beside it", async () => {
    const completion = await client.chat.completions.create({ model: 'generic', messages })
    expect(completion.usage).toMatchObject({
      completion_tokens: 4,
      mollmr: {
        calls: 3,
        prompt_tokens: 60,
        completion_tokens: 12,
        cached_tokens: 24,
        reasoning_tokens: 6,
        source: 'reported',
      },
    })
    expect(completion.usage?.prompt_tokens).toBeLessThanOrEqual(20)
  })

  it('lists the ledger where that is asked for', async () => {
    const body = { model: 'generic', messages, mollmr: { include: ['usage'] } }
    const completion = (await (await gateway.chat(body)).json()) as {
      usage: { mollmr: { ledger: { stage: string }[] } }
    }
    expect(completion.usage.mollmr.ledger.map((row) => row.stage).sort()).toEqual(['aggregate', 'worker', 'worker'])
  })
})

describe('C7: errors', () => {
  it('become the classes of the official client', async () => {
    await expect(client.chat.completions.create({ model: 'nope', messages })).rejects.toBeInstanceOf(NotFoundError)
    await expect(client.chat.completions.create({ model: 'limited', messages })).rejects.toBeInstanceOf(RateLimitError)
  })

  it('carry code, type, param and the request id', async () => {
    const error: unknown = await client.chat.completions.create({ model: 'nope', messages }).catch((e: unknown) => e)
    expect(error).toMatchObject({ status: 404, code: 'model_not_found', type: 'invalid_request_error', param: 'model' })
    expect((error as APIError).requestID).toMatch(/^req_/)
  })
})

describe('C8: a failure in mid-stream', () => {
  it('reaches the official client as an error, after the text so far', async () => {
    let text = ''
    const reading = async (): Promise<void> => {
      for await (const chunk of await client.chat.completions.create({ model: 'cut', messages, stream: true })) {
        text += chunk.choices[0]?.delta.content ?? ''
      }
    }
    await expect(reading()).rejects.toMatchObject({ code: 'upstream_stream_cut' })
    expect(text).toBe('Half')
  })
})

describe('C9: pages in a browser', () => {
  const asked = 'authorization, content-type, x-stainless-lang, x-stainless-retry-count, x-mollmr-include'

  it('get a preflight that lists what they asked for', async () => {
    const response = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'OPTIONS',
      headers: {
        origin: 'http://localhost:3000',
        'access-control-request-method': 'POST',
        'access-control-request-headers': asked,
        'access-control-request-private-network': 'true',
      },
    })
    expect(response.status).toBe(204)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'access-control-allow-origin': 'http://localhost:3000',
      'access-control-allow-headers': asked,
      'access-control-allow-private-network': 'true',
    })
    expect(response.headers.get('access-control-allow-methods')).toContain('POST')
  })

  it.each([true, false])('may read the answer and its headers (stream: %s)', async (stream) => {
    const headers = { 'content-type': 'application/json', origin: 'http://localhost:3000' }
    const response = await gateway.chat({ model: 'org/single', messages, stream }, { headers })
    await response.text()
    expect(response.headers.get('access-control-allow-origin')).toBe('http://localhost:3000')
    expect(response.headers.get('access-control-expose-headers')).toContain('x-request-id')
    expect(response.headers.get('access-control-expose-headers')).toContain('x-mollmr-route')
  })

  it('may read errors too', async () => {
    const headers = { 'content-type': 'application/json', origin: 'http://localhost:3000' }
    const response = await gateway.chat({ model: 'nope', messages }, { headers })
    expect(response.headers.get('access-control-allow-origin')).toBe('http://localhost:3000')
  })

  it('of other origins are not let in where the config names origins', async () => {
    const closed = await runGateway([single], { corsOrigins: ['https://chat.example'] })
    const response = await fetch(`${closed.url}/v1/models`, { headers: { origin: 'https://evil.example' } })
    expect(response.headers.get('access-control-allow-origin')).toBeNull()
    await closed.close()
  })
})

describe('C10: limits of the answer', () => {
  it.each(['max_tokens', 'max_completion_tokens'])('%s caps the aggregate, never a draft', async (field) => {
    await gateway.chat({ model: 'generic', messages, [field]: 50, stop: ['END'] })
    expect(aggregate.calls[0]?.request.body).toMatchObject({ [field]: 50, stop: ['END'] })
    expect(worker.calls).toHaveLength(2)
    for (const call of worker.calls) {
      expect(call.request.body[field]).toBeUndefined()
      expect(call.request.body.stop).toBeUndefined()
    }
  })

  it.each([-1, 0, null])('of %j is accepted and means none', async (limit) => {
    expect((await gateway.chat({ model: 'generic', messages, max_tokens: limit })).status).toBe(200)
  })
})
