/** The Responses API, driven by the official client: against a single model, a mixture and the router. */
import OpenAI, { type APIError, NotFoundError, RateLimitError } from 'openai'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readFileSync } from 'node:fs'
import { calling, type DialectFixture, startDialectFixture, thinking } from './dialect-fixture.ts'

let fixture: DialectFixture
let client: OpenAI

beforeEach(async () => {
  fixture = await startDialectFixture()
  client = new OpenAI({ baseURL: `${fixture.gateway.url}/v1`, apiKey: 'any', maxRetries: 0 })
})

afterEach(async () => {
  await fixture.close()
})

const input = 'Say something about wheels, please.'
const tools = [
  { type: 'function' as const, name: 'add', description: 'Adds.', strict: false, parameters: { type: 'object' } },
]

describe.each(['org/single', 'mollmr/generic', 'router'])('a response of %s', (model) => {
  it('comes whole', async () => {
    const response = await client.responses.create({ model, input, metadata: { a: 'b' } })
    expect(response).toMatchObject({
      object: 'response',
      model,
      status: 'completed',
      error: null,
      output_text: 'The answer.',
      metadata: { a: 'b' },
      usage: { output_tokens: 4, output_tokens_details: { reasoning_tokens: 0 } },
    })
    expect(response.output).toMatchObject([{ type: 'message', role: 'assistant', status: 'completed' }])
    expect(response.id).toMatch(/^resp_/)
    expect(response._request_id).toMatch(/^req_/)
  })

  it('streams every typed event, numbered without a gap', async () => {
    const events: OpenAI.Responses.ResponseStreamEvent[] = []
    for await (const event of await client.responses.create({ model, input, stream: true })) events.push(event)
    expect(events.map((event) => event.sequence_number)).toEqual(events.map((_event, index) => index))
    expect([...new Set(events.map(({ type }) => type))]).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ])
  })

  it('satisfies the stream helper', async () => {
    const stream = client.responses.stream({ model, input })
    let text = ''
    stream.on('response.output_text.delta', ({ delta }) => (text += delta))
    const final = await stream.finalResponse()
    expect([text, final.output_text]).toEqual(['The answer.', 'The answer.'])
    expect(final.usage?.output_tokens).toBe(4)
  })

  it.each([true, false])('calls tools and takes their results (stream: %s)', async (stream) => {
    fixture.replies = { single: calling, aggregate: calling }
    const ask = (items: OpenAI.Responses.ResponseInput): Promise<OpenAI.Responses.Response> => {
      const body = { model, tools, input: items }
      return stream ? client.responses.stream(body).finalResponse() : client.responses.create(body)
    }
    const question = { role: 'user' as const, content: input }
    const first = await ask([question])
    expect(first.output).toMatchObject([
      { type: 'function_call', call_id: 'call_1', name: 'add', arguments: '{"a":1,"b":2}', status: 'completed' },
    ])
    const result = { type: 'function_call_output' as const, call_id: 'call_1', output: '3' }
    const items = first.output as OpenAI.Responses.ResponseInputItem[]
    expect((await ask([question, ...items, result])).output_text).toBe('The sum is 3.')
    expect(fixture.upstream.calls.at(-1)?.body.messages.some(({ role }) => role === 'tool')).toBe(true)
  })
})

describe('a conversation that goes on', () => {
  const result = { type: 'function_call_output' as const, call_id: 'call_1', output: '3' }

  it.each([true, false])('by the id of the response before it (stream: %s)', async (stream) => {
    fixture.replies = { single: calling }
    const body = { model: 'org/single', tools, input }
    const first = stream ? await client.responses.stream(body).finalResponse() : await client.responses.create(body)
    const second = await client.responses.create({ ...body, previous_response_id: first.id, input: [result] })
    expect(second.output_text).toBe('The sum is 3.')
    const roles = fixture.upstream.calls.at(-1)?.body.messages.map(({ role }) => role)
    expect(roles).toEqual(['user', 'assistant', 'tool'])
  })

  it('is not kept where the caller says store: false', async () => {
    const first = await client.responses.create({ model: 'org/single', input, store: false })
    const second = client.responses.create({ model: 'org/single', input, previous_response_id: first.id })
    await expect(second).rejects.toMatchObject({ status: 400, param: 'previous_response_id' })
  })
})

describe('a response that is kept', () => {
  it.each([true, false])('is shown as its caller was given it, until it is deleted (stream: %s)', async (stream) => {
    const body = { model: 'mollmr/generic', input }
    const given = stream ? await client.responses.stream(body).finalResponse() : await client.responses.create(body)
    const kept = await client.responses.retrieve(given.id)
    expect(kept).toMatchObject({ id: given.id, object: 'response', status: 'completed', output_text: 'The answer.' })
    expect([kept.output, kept.usage]).toEqual([
      given.output.map(({ ...item }) => expect.objectContaining({ id: item.id }) as unknown),
      given.usage,
    ])
    await client.responses.delete(given.id)
    await expect(client.responses.retrieve(given.id)).rejects.toMatchObject({
      status: 404,
      code: 'response_not_found',
      param: 'response_id',
      type: 'invalid_request_error',
    })
    await expect(client.responses.delete(given.id)).rejects.toBeInstanceOf(NotFoundError)
  })

  it('is not shown where the caller says store: false', async () => {
    const given = await client.responses.create({ model: 'org/single', input, store: false })
    await expect(client.responses.retrieve(given.id)).rejects.toBeInstanceOf(NotFoundError)
  })

  it('is not streamed a second time', async () => {
    const given = await client.responses.create({ model: 'org/single', input })
    const again = client.responses.retrieve(given.id, { stream: true })
    await expect(again).rejects.toMatchObject({ status: 400, code: 'unsupported_parameter', param: 'stream' })
  })
})

describe('what Codex relies on', () => {
  const body = readFileSync(new URL('recorded/codex.json', import.meta.url), 'utf8')
  const post = (model: string): Promise<Response> =>
    fetch(`${fixture.gateway.url}/v1/responses`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'session-id': '0199', originator: 'codex_exec' },
      body: body.replace('mollmr/generic', model),
    })

  function eventsOf(text: string): Record<string, unknown>[] {
    const frames = text.split('\n\n').filter((frame) => frame.startsWith('event: '))
    return frames.map((frame) => JSON.parse(frame.slice(frame.indexOf('data: ') + 6)) as Record<string, unknown>)
  }

  it.each(['org/single', 'mollmr/generic', 'router'])('gets an answer to what it sends: %s', async (model) => {
    const response = await post(model)
    const events = eventsOf(await response.text())
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    expect(events[0]).toMatchObject({ type: 'response.created', sequence_number: 0 })
    expect(events.at(-1)).toMatchObject({ type: 'response.completed', response: { status: 'completed', store: false } })
    expect(fixture.gateway.traces[0]?.attributes).toMatchObject({ dropped: ['tools: web_search'] })
  })

  it('finds its tools under the names that it gave them', async () => {
    const called = (name: string, written: string): object => ({
      id: 'x',
      object: 'chat.completion',
      created: 1,
      model: 'up',
      choices: [
        {
          index: 0,
          message: {
            role: 'assistant',
            content: null,
            tool_calls: [{ id: 'call_9', type: 'function', function: { name, arguments: written } }],
          },
          finish_reason: 'tool_calls',
        },
      ],
    })
    const callOf = async (name: string, written: string): Promise<unknown> => {
      fixture.replies['single'] = (response) => {
        response.writeHead(200, { 'content-type': 'application/json' })
        response.end(JSON.stringify(called(name, written)))
      }
      const events = eventsOf(await (await post('org/single')).text())
      return events.find(({ type }) => type === 'response.output_item.done')?.['item']
    }
    expect(await callOf('multi_agent__spawn', '{}')).toMatchObject({
      type: 'function_call',
      namespace: 'multi_agent',
      name: 'spawn',
      arguments: '{}',
    })
    expect(await callOf('apply_patch', '{"input":"*** Begin Patch"}')).toMatchObject({
      type: 'custom_tool_call',
      call_id: 'call_9',
      name: 'apply_patch',
      input: '*** Begin Patch',
    })
  })
})

describe('what the Agents SDK sends', () => {
  it('is taken with its empty lists', async () => {
    const response = await client.responses.create({ model: 'mollmr/generic', input, tools: [], include: [] })
    expect(response.output_text).toBe('The answer.')
  })
})

describe('structured output', () => {
  it('is asked for and parsed', async () => {
    const { saying } = await import('../src/testing/fake-upstream.ts')
    fixture.replies['single'] = saying('{"sum":3}')
    const format = {
      type: 'json_schema' as const,
      name: 'sum',
      strict: true,
      schema: {
        type: 'object',
        properties: { sum: { type: 'number' } },
        required: ['sum'],
        additionalProperties: false,
      },
    }
    const response = await client.responses.parse({ model: 'org/single', input, text: { format } })
    expect(response.output_parsed).toEqual({ sum: 3 })
    expect(fixture.upstream.calls[0]?.body.response_format).toMatchObject({ type: 'json_schema' })
  })
})

describe('a model that thinks', () => {
  it('has its reasoning in an item of its own, before the message', async () => {
    fixture.replies['single'] = thinking
    const final = await client.responses.stream({ model: 'org/single', input }).finalResponse()
    expect(final.output).toMatchObject([
      { type: 'reasoning', summary: [{ type: 'summary_text', text: 'Round things.' }] },
      { type: 'message', content: [{ type: 'output_text', text: 'Wheels.' }] },
    ])
  })
})

describe('failures', () => {
  it('become the classes of the official client', async () => {
    await expect(client.responses.create({ model: 'nope', input })).rejects.toBeInstanceOf(NotFoundError)
    await expect(client.responses.create({ model: 'limited', input })).rejects.toBeInstanceOf(RateLimitError)
    const error: unknown = await client.responses.create({ model: 'nope', input }).catch((e: unknown) => e)
    expect(error).toMatchObject({ status: 404, code: 'model_not_found', param: 'model' })
    expect((error as APIError).requestID).toMatch(/^req_/)
  })

  it('in mid-stream are response.failed, then an error', async () => {
    const types: string[] = []
    const reading = async (): Promise<void> => {
      for await (const event of await client.responses.create({ model: 'cut', input, stream: true })) {
        types.push(event.type)
        if (event.type === 'response.failed') expect(event.response.error?.code).toBe('upstream_stream_cut')
      }
    }
    await expect(reading()).rejects.toMatchObject({ code: 'upstream_stream_cut' })
    expect(types.slice(-2)).toEqual(['response.output_text.delta', 'response.failed'])
  })
})
