/** Anthropic's Messages API, driven by its official client: against a single model, a mixture and the router. */
import Anthropic, { APIError, NotFoundError, RateLimitError } from '@anthropic-ai/sdk'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { calling, type DialectFixture, startDialectFixture, thinking as thinkingReply } from './dialect-fixture.ts'

let fixture: DialectFixture
let client: Anthropic

beforeEach(async () => {
  fixture = await startDialectFixture()
  client = new Anthropic({ baseURL: fixture.gateway.url, apiKey: 'any', maxRetries: 0 })
})

afterEach(async () => {
  await fixture.close()
})

const messages = [{ role: 'user' as const, content: 'Say something about wheels, please.' }]
const asked = { max_tokens: 100, messages }
const tools = [{ name: 'add', description: 'Adds.', input_schema: { type: 'object' as const, properties: {} } }]

describe.each(['org/single', 'mollmr/generic', 'router', 'claude-mollmr-generic'])('messages of %s', (model) => {
  it('come whole', async () => {
    const message = await client.messages.create({ model, ...asked })
    expect(message).toMatchObject({
      type: 'message',
      role: 'assistant',
      model,
      content: [{ type: 'text', text: 'The answer.' }],
      stop_reason: 'end_turn',
      stop_sequence: null,
    })
    expect(message.id).toMatch(/^msg_/)
    expect(message.usage.output_tokens).toBe(4)
    expect(message._request_id).toMatch(/^req_/)
  })

  it('stream, with the usage at their end', async () => {
    const final = await client.messages.stream({ model, ...asked }).finalMessage()
    expect(final).toMatchObject({ model, content: [{ type: 'text', text: 'The answer.' }], stop_reason: 'end_turn' })
    expect(final.usage.output_tokens).toBe(4)
  })

  it.each([true, false])('call tools and take their results (stream: %s)', async (stream) => {
    fixture.replies = { single: calling, aggregate: calling }
    const ask = (turns: Anthropic.MessageParam[]): Promise<Anthropic.Message> => {
      const body = { model, max_tokens: 100, tools, messages: turns }
      return stream ? client.messages.stream(body).finalMessage() : client.messages.create(body)
    }
    const first = await ask(messages)
    expect(first.stop_reason).toBe('tool_use')
    expect(first.content).toMatchObject([{ type: 'tool_use', id: 'call_1', name: 'add', input: { a: 1, b: 2 } }])
    const result = { type: 'tool_result' as const, tool_use_id: 'call_1', content: '3' }
    const second = await ask([
      ...messages,
      { role: 'assistant', content: first.content },
      { role: 'user', content: [result] },
    ])
    expect(second.content).toMatchObject([{ type: 'text', text: 'The sum is 3.' }])
    expect(fixture.upstream.calls.at(-1)?.body.messages.some(({ role }) => role === 'tool')).toBe(true)
  })
})

describe('what Claude Code relies on', () => {
  it('finds mixtures and the router under names that begin with "claude"', async () => {
    const ids: string[] = []
    for await (const { id } of client.models.list({ limit: 1000 })) ids.push(id)
    expect(ids.slice(0, 3)).toEqual(['claude-mollmr-router', 'claude-mollmr-generic', 'mollmr/router'])
    expect(await client.models.retrieve('claude-mollmr-generic')).toMatchObject({
      id: 'claude-mollmr-generic',
      display_name: 'mollmr/generic',
    })
  })

  it('does not show those names to others, though it knows them', async () => {
    const { data } = (await (await fetch(`${fixture.gateway.url}/v1/models`)).json()) as { data: { id: string }[] }
    expect(data.map(({ id }) => id).filter((id) => id.startsWith('claude'))).toEqual([])
    expect((await fixture.gateway.chat({ model: 'claude-mollmr-generic', messages })).status).toBe(200)
  })

  it.each(['HEAD', 'GET'])('is told that somebody is there: %s /api/hello', async (method) => {
    expect((await fetch(`${fixture.gateway.url}/api/hello`, { method })).status).toBe(200)
  })

  it('takes beta requests, and drops from them what only Anthropic understands', async () => {
    const message = await client.beta.messages.create({
      model: 'org/single',
      ...asked,
      betas: ['context-management-2025-06-27'],
      context_management: { edits: [] },
    })
    expect(message.content).toMatchObject([{ type: 'text', text: 'The answer.' }])
    expect(fixture.upstream.calls[0]?.body).toEqual({
      model: 'single',
      max_tokens: 100,
      messages: [{ role: 'user', content: 'Say something about wheels, please.' }],
    })
    expect(fixture.gateway.traces[0]?.attributes).toMatchObject({ dropped: ['context_management'] })
  })

  it('counts tokens', async () => {
    const short = await client.messages.countTokens({ model: 'generic', messages })
    const long = await client.messages.countTokens({
      model: 'generic',
      messages,
      tools,
      system: 'Be brief. '.repeat(50),
    })
    expect(short.input_tokens).toBeGreaterThan(3)
    expect(long.input_tokens).toBeGreaterThan(short.input_tokens + 50)
    await expect(client.messages.countTokens({ model: 'nope', messages })).rejects.toBeInstanceOf(NotFoundError)
  })
})

describe('a model that thinks', () => {
  beforeEach(() => {
    fixture.replies['single'] = thinkingReply
  })

  it('shows it to a caller that asked for thinking, and to no other', async () => {
    const thinking = { type: 'enabled' as const, budget_tokens: 1024 }
    const shown = await client.messages.stream({ model: 'org/single', ...asked, thinking }).finalMessage()
    const hidden = await client.messages.stream({ model: 'org/single', ...asked }).finalMessage()
    expect(shown.content).toMatchObject([{ type: 'thinking', thinking: 'Round things.' }, { type: 'text' }])
    expect(hidden.content).toMatchObject([{ type: 'text', text: 'Wheels.' }])
  })
})

describe('an upstream that answers whole although it was asked to stream', () => {
  it('is streamed', async () => {
    const final = await client.messages.stream({ model: 'whole', ...asked }).finalMessage()
    expect(final.content).toMatchObject([{ type: 'text', text: 'All at once.' }])
  })
})

describe('failures', () => {
  it('become the classes of the official client', async () => {
    await expect(client.messages.create({ model: 'nope', ...asked })).rejects.toBeInstanceOf(NotFoundError)
    await expect(client.messages.create({ model: 'limited', ...asked })).rejects.toBeInstanceOf(RateLimitError)
  })

  it('say type, code and request id in the form of Anthropic', async () => {
    const error: unknown = await client.messages.create({ model: 'nope', ...asked }).catch((e: unknown) => e)
    expect(error).toBeInstanceOf(APIError)
    expect(error).toMatchObject({ status: 404, type: 'not_found_error', requestID: expect.stringMatching(/^req_/) })
    expect((error as APIError).error).toMatchObject({
      type: 'error',
      error: { type: 'not_found_error', details: { error_code: 'model_not_found', param: 'model' } },
      request_id: expect.stringMatching(/^req_/),
    })
  })

  it('in mid-stream reach the client after the text so far', async () => {
    let text = ''
    const reading = async (): Promise<void> => {
      for await (const event of await client.messages.create({ model: 'cut', ...asked, stream: true })) {
        if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') text += event.delta.text
      }
    }
    await expect(reading()).rejects.toMatchObject({ type: 'api_error' })
    expect(text).toBe('Half')
  })

  it.each([
    ['broken JSON', '{'],
    ['a body without messages', '{"model":"generic"}'],
  ])('of %s too', async (_name, body) => {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(`${fixture.gateway.url}/v1/messages?beta=true`, { method: 'POST', headers, body })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ type: 'error', error: { type: 'invalid_request_error' } })
  })
})
