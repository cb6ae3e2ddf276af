import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ChatEvent } from '../../chat/chat-event.ts'
import { type ChatBody, createChatRequest } from '../../chat/chat-request.ts'
import { collectAnswer } from '../../chat/collect-answer.ts'
import { CancelledError, UpstreamError } from '../../chat/errors.ts'
import { withinDeadline } from '../../chat/within-deadline.ts'
import { describeChatModelContract } from '../../testing/chat-model-contract.ts'
import {
  chunksOf,
  completionOf,
  type FakeUpstream,
  hanging,
  refusing,
  saying,
  sendEvents,
  sendingRaw,
  sendJson,
  startFakeUpstream,
} from '../../testing/fake-upstream.ts'
import { createCallContext } from '../../trace/call-context.ts'
import { recordCalls } from '../../trace/record-calls.ts'
import { parseChatRequest } from '../../wire/openai-chat/parse-chat-request.ts'
import { retried } from '../retry.ts'
import { createOpenAiModel, type OpenAiModelOptions } from './openai-model.ts'
import { createTransport } from '../http/transport.ts'

const transport = createTransport()
const apiKey = 'sk-secret-key-123'
const messages = [{ role: 'user', content: 'Hi' }]

let upstream: FakeUpstream

beforeEach(async () => {
  upstream = await startFakeUpstream(saying('Hello there, friend'))
})

afterEach(async () => {
  await upstream.close()
})

function model(options: Partial<OpenAiModelOptions> = {}): ReturnType<typeof createOpenAiModel> {
  const { baseUrl } = upstream
  return createOpenAiModel({
    id: 'mine',
    name: 'theirs',
    baseUrl,
    apiKey,
    dispatcher: transport.dispatcher,
    ...options,
  })
}

function ask(fields: Partial<ChatBody> = {}): AsyncIterable<ChatEvent> {
  return model().chat(createChatRequest({ model: 'mine', messages, ...fields }), createCallContext())
}

async function gather(events: AsyncIterable<ChatEvent>): Promise<ChatEvent[]> {
  const all: ChatEvent[] = []
  for await (const event of events) all.push(event)
  return all
}

async function failure(stream: boolean): Promise<UpstreamError> {
  const error: unknown = await gather(ask({ stream })).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(UpstreamError)
  return error as UpstreamError
}

describe('a request', () => {
  it("goes to chat/completions with the key, the config's headers and the upstream's own model name", async () => {
    await gather(
      model({ headers: { 'x-title': 'test' } }).chat(
        createChatRequest({ model: 'mine', messages }),
        createCallContext(),
      ),
    )
    expect(upstream.calls[0]).toMatchObject({
      path: '/v1/chat/completions',
      headers: {
        authorization: `Bearer ${apiKey}`,
        'x-title': 'test',
        'content-type': 'application/json',
        'accept-encoding': 'identity',
      },
      body: { model: 'theirs' },
    })
  })

  it('has no authorization where there is no key', async () => {
    await gather(model({ apiKey: '' }).chat(createChatRequest({ model: 'mine', messages }), createCallContext()))
    expect(upstream.calls[0]?.headers.authorization).toBeUndefined()
  })

  it('goes out as it came in, but for the model', async () => {
    const text = `{ "model" : "router","messages":[{"role":"user","content":"\\"model\\":\\"x\\""}],  "seed":12345678901234567890, "x":1.0}`
    await gather(model().chat(parseChatRequest(Buffer.from(text), { headers: {} }), createCallContext()))
    expect(upstream.calls[0]?.text).toBe(text.replace('"router"', '"theirs"'))
  })

  it.each([-1, 0, null])('leaves out a token limit of %j, which means none', async (limit) => {
    const text = JSON.stringify({ model: 'm', messages, max_tokens: limit, max_completion_tokens: 5 })
    await gather(model().chat(parseChatRequest(Buffer.from(text), { headers: {} }), createCallContext()))
    expect(upstream.calls[0]?.body).toEqual({ model: 'theirs', messages, max_completion_tokens: 5 })
  })

  const field = fc
    .string({ minLength: 1 })
    .filter((name) => !['model', 'messages', 'stream', 'mollmr', '__proto__'].includes(name))
  const checked = [
    'max_tokens',
    'max_completion_tokens',
    'temperature',
    'top_p',
    'seed',
    'n',
    'stop',
    'tools',
    'stream_options',
  ]
  const free = field.filter((name) => ![...checked, 'response_format', 'logprobs', 'metadata'].includes(name))
  const value = fc.jsonValue().filter((json) => !JSON.stringify(json).includes('__proto__'))
  const message = fc.record(
    {
      role: fc.constantFrom('system', 'developer', 'user', 'assistant', 'tool'),
      content: fc.oneof(
        fc.string(),
        fc.constant(null),
        fc.array(fc.record({ type: fc.constant('text'), text: fc.string() })),
      ),
      name: fc.string(),
      cache_control: value,
    },
    { requiredKeys: ['role'] },
  )
  const body = fc.record({
    model: fc.string({ minLength: 1 }),
    messages: fc.array(message, { minLength: 1 }),
    extra: fc.dictionary(free, value),
    temperature: fc.double({ min: 0, max: 2, noNaN: true }),
  })

  it('arrives with every field as it was, whatever the fields are', async () => {
    await fc.assert(
      fc.asyncProperty(body, async ({ extra, ...known }) => {
        const sent = { ...extra, ...known }
        const request = parseChatRequest(Buffer.from(JSON.stringify(sent)), { headers: {} })
        await gather(model().chat(request, createCallContext()))
        const parsed = JSON.parse(JSON.stringify(sent)) as object
        expect(upstream.calls.at(-1)?.body).toEqual({ ...parsed, model: 'theirs' })
      }),
      { numRuns: 60 },
    )
  })

  it.each(recordedBodies())('arrives as the client recorded as "%s" wrote it', async (_client, recorded) => {
    const request = parseChatRequest(Buffer.from(JSON.stringify(recorded)), { headers: {} })
    await gather(model().chat(request, createCallContext())).catch(() => undefined)
    expect(upstream.calls[0]?.body).toEqual({ ...recorded, model: 'theirs' })
  })
})

describe('an answer', () => {
  it('comes up whole with every field and its text', async () => {
    upstream.reply = saying('Hi', { timings: { ms: 3 }, service_tier: 'default' })
    const [event, end] = await gather(ask())
    expect(event).toMatchObject({ type: 'completion', completion: { timings: { ms: 3 }, service_tier: 'default' } })
    expect(event?.type === 'completion' && JSON.parse(event.source ?? '')).toEqual(
      completionOf('Hi', { timings: { ms: 3 }, service_tier: 'default' }),
    )
    expect(end).toEqual({ type: 'end', usage: { prompt_tokens: 9, completion_tokens: 3, total_tokens: 12 } })
  })

  it('comes up chunk by chunk with every field and its text', async () => {
    const events = await gather(ask({ stream: true }))
    expect(
      events.slice(0, -1).map((event) => event.type === 'chunk' && (JSON.parse(event.source ?? '') as unknown)),
    ).toEqual(chunksOf('Hello there, friend'))
    expect(events.at(-1)).toEqual({ type: 'end', usage: null })
  })

  it('has the usage of its usage chunk', async () => {
    const usage = { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7, cost: 0.01 }
    upstream.reply = (response) => {
      sendEvents(response, [
        ...chunksOf('Hi').map((chunk) => JSON.stringify(chunk)),
        JSON.stringify({ ...completionOf(''), choices: [], usage }),
        '[DONE]',
      ])
    }
    expect((await gather(ask({ stream: true }))).at(-1)).toEqual({ type: 'end', usage })
  })

  it('is read whole where the server does not stream although it was asked to', async () => {
    upstream.reply = (response) => {
      sendJson(response, completionOf('Whole'))
    }
    expect((await collectAnswer(ask({ stream: true }))).text).toBe('Whole')
  })

  it('is filled in where the server leaves out what clients need', async () => {
    upstream.reply = (response) => {
      sendEvents(response, [
        '{"choices":[{"delta":{"tool_calls":[{"id":"a","function":{"name":"f","arguments":"{}"}}]}}]}',
        '{"choices":[{"finish_reason":"tool_calls"}]}',
        '[DONE]',
      ])
    }
    const events = await gather(ask({ stream: true }))
    expect(events[0]).toMatchObject({
      type: 'chunk',
      chunk: {
        id: expect.stringMatching(/^chatcmpl-/) as string,
        created: expect.any(Number) as number,
        choices: [{ index: 0, finish_reason: null, delta: { tool_calls: [{ index: 0, id: 'a' }] } }],
      },
    })
    expect(events[0]).not.toHaveProperty('source')
  })

  it('ends at [DONE], also where the socket stays open or more comes', async () => {
    upstream.reply = (response) => {
      sendEvents(
        response,
        [
          ...chunksOf('Hi').map((chunk) => JSON.stringify(chunk)),
          '[DONE]',
          '{"choices":[{"delta":{"content":"more"}}]}',
        ],
        false,
      )
    }
    expect((await collectAnswer(ask({ stream: true }))).text).toBe('Hi')
    await upstream.calls[0]?.aborted
  })

  it('may end without [DONE] once it has a finish reason', async () => {
    upstream.reply = (response) => {
      sendEvents(
        response,
        chunksOf('Hi').map((chunk) => JSON.stringify(chunk)),
      )
    }
    expect((await collectAnswer(ask({ stream: true }))).finishReason).toBe('stop')
  })

  it('is read through comments, blank data and other events', async () => {
    upstream.reply = (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(': ping\n\ndata:\n\nevent: ping\ndata: {"type":"ping"}\n\n')
      sendEvents(response, [...chunksOf('Hi').map((chunk) => JSON.stringify(chunk)), '[DONE]'])
    }
    expect((await collectAnswer(ask({ stream: true }))).text).toBe('Hi')
  })

  it('pauses its upstream while nobody reads', async () => {
    const chunk = JSON.stringify(chunksOf('x'.repeat(10_000))[1])
    let written = 0
    upstream.reply = (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      const pump = (): void => {
        while (written < 20_000_000) {
          written += chunk.length
          if (!response.write(`data: ${chunk}\n\n`)) {
            response.once('drain', pump)
            return
          }
        }
      }
      pump()
    }
    const events = ask({ stream: true })[Symbol.asyncIterator]()
    await events.next()
    let before = -1
    while (written !== before) {
      before = written
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    expect(written).toBeLessThan(20_000_000)
    await events.return?.()
    await upstream.calls[0]?.aborted
  })
})

describe.each([true, false])('a failure (stream: %s)', (stream) => {
  const error = (message: string, code: string | null = null): object => ({
    error: { message, type: 'x', param: null, code },
  })

  it.each([
    [400, error('bad temperature'), 'upstream_bad_request'],
    [422, { detail: 'unprocessable' }, 'upstream_bad_request'],
    [400, error('too long', 'context_length_exceeded'), 'context_length_exceeded'],
    [400, error("This model's maximum context length is 8192 tokens"), 'context_length_exceeded'],
    [401, error('Incorrect API key'), 'upstream_auth_failed'],
    [403, error('forbidden'), 'upstream_auth_failed'],
    [404, error('no such model'), 'upstream_model_not_found'],
    [429, error('slow down'), 'rate_limit_exceeded'],
    [429, error('You exceeded your current quota', 'insufficient_quota'), 'upstream_quota_exhausted'],
    [500, { error: 'text only' }, 'upstream_error'],
    [503, {}, 'upstream_error'],
    [529, error('overloaded'), 'upstream_error'],
    [302, {}, 'upstream_redirect'],
    [200, error('inside'), 'upstream_error'],
    [200, error('inside', 'rate_limit_exceeded'), 'rate_limit_exceeded'],
    [200, error('inside', '404'), 'upstream_model_not_found'],
    [200, {}, 'upstream_malformed'],
    [200, completionOf(''), 'upstream_empty_response'],
    [200, completionOf('', { choices: [] }), 'upstream_empty_response'],
  ])('with status %i and %j is %s', async (status, body, code) => {
    upstream.reply = refusing(status, body)
    expect((await failure(stream)).code).toBe(code)
  })

  it.each([
    [{ 'retry-after': '2' }, 2000],
    [{ 'retry-after': '0.5' }, 500],
    [{ 'retry-after-ms': '120' }, 120],
    [{ 'retry-after': 'soon' }, null],
    [{}, null],
  ])('of rate says how long to wait: %j', async (headers, retryAfterMs) => {
    upstream.reply = refusing(429, error('slow'), headers)
    expect((await failure(stream)).retryAfterMs).toBe(retryAfterMs)
  })

  it('reads a date to wait for', async () => {
    upstream.reply = refusing(429, error('slow'), { 'retry-after': new Date(Date.now() + 60_000).toUTCString() })
    expect((await failure(stream)).retryAfterMs).toBeGreaterThan(50_000)
  })

  it('names the model and never the key, and keeps the message short', async () => {
    upstream.reply = refusing(400, error(`key ${apiKey} is ${'x'.repeat(1000)}`))
    const { message } = await failure(stream)
    expect(message).toContain('"mine"')
    expect(message).not.toContain(apiKey)
    expect(message.length).toBeLessThan(500)
  })

  it.each([
    [
      'a web page',
      'HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 6\r\n\r\n<html>',
      'upstream_bad_content_type',
    ],
    [
      'an encoding nobody asked for',
      'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\n{}',
      'upstream_bad_content_type',
    ],
    [
      'broken JSON',
      'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1\r\n\r\n{',
      'upstream_malformed',
    ],
    ['nothing at all', '', 'upstream_reset'],
    ['no HTTP', 'hello\r\n\r\n', 'upstream_malformed'],
    [
      'bad chunks',
      'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n',
      'upstream_malformed',
    ],
    [
      'a body that is cut',
      'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{"choices"',
      'upstream_stream_cut',
    ],
    ['headers without end', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`, 'upstream_response_too_large'],
  ])('that answers with %s is typed', async (_what, raw, code) => {
    upstream.reply = sendingRaw(raw)
    expect((await failure(stream)).code).toBe(code)
  })

  it('to connect is typed', async () => {
    const request = createChatRequest({ model: 'm', messages, stream })
    const withoutTls = upstream.baseUrl.replace('http:', 'https:')
    for (const baseUrl of ['http://127.0.0.1:1/v1', 'http://nowhere.invalid/v1', withoutTls]) {
      const events = model({ baseUrl }).chat(request, createCallContext())
      await expect(gather(events)).rejects.toMatchObject({ code: 'upstream_unreachable' })
    }
  })
})

describe('a stream that goes wrong', () => {
  const begin = chunksOf('Hello there')
    .slice(0, -1)
    .map((chunk) => JSON.stringify(chunk))

  it.each([
    ['is cut', 'upstream_stream_cut'],
    ['ends without finish reason', 'upstream_stream_truncated'],
    ['brings an error frame', 'upstream_error'],
    ['brings no JSON', 'upstream_malformed'],
    ['never says anything', 'upstream_empty_response'],
  ])('because it %s is typed', async (what, code) => {
    upstream.reply = (response) => {
      if (what === 'never says anything')
        sendEvents(response, [
          '{"choices":[{"index":0,"delta":{"role":"assistant"},"finish_reason":"stop"}]}',
          '[DONE]',
        ])
      else sendEvents(response, begin, what === 'ends without finish reason')
      if (what === 'brings an error frame') sendEvents(response, ['{"error":{"message":"boom","code":500}}'])
      if (what === 'brings no JSON') sendEvents(response, ['{'])
      if (what === 'is cut') setTimeout(() => response.socket?.resetAndDestroy(), 20)
    }
    expect((await failure(true)).code).toBe(code)
  })

  it('because it never ends is stopped at the limit', async () => {
    upstream.reply = (response) => {
      sendEvents(
        response,
        Array.from({ length: 100 }, () => JSON.stringify(chunksOf('x'.repeat(100))[1])),
        false,
      )
    }
    const events = model({ maxAnswerCharacters: 1000 }).chat(
      createChatRequest({ model: 'm', messages, stream: true }),
      createCallContext(),
    )
    await expect(gather(events)).rejects.toMatchObject({ code: 'upstream_output_limit' })
    await upstream.calls[0]?.aborted
  })
})

describe('a whole answer', () => {
  const say = (fields: object): Promise<ChatEvent[]> => {
    const choices = [{ index: 0, message: { role: 'assistant', ...fields }, finish_reason: 'stop' }]
    upstream.reply = refusing(200, completionOf('', { choices }))
    const request = createChatRequest({ model: 'm', messages })
    return gather(model({ maxAnswerCharacters: 10 }).chat(request, createCallContext()))
  }
  const call = (text: string): object => ({ id: 'a', type: 'function', function: { name: 'f', arguments: text } })

  it.each([
    { content: '12345678901' },
    { content: '12345', reasoning_content: '123456' },
    { content: '1', refusal: '1234567890' },
    { content: null, tool_calls: [call('123456'), call('12345')] },
  ])('with %j is more than ten characters', async (fields) => {
    await expect(say(fields)).rejects.toMatchObject({ code: 'upstream_output_limit' })
  })

  it('may have as many as the limit', async () => {
    expect(await say({ content: '12345', reasoning_content: '12345' })).toHaveLength(2)
  })
})

describe('a caller that leaves', () => {
  it.each([
    ['before the first token', true, hanging],
    [
      'in mid-stream',
      true,
      (response) => {
        sendEvents(
          response,
          chunksOf('Hello')
            .slice(0, 2)
            .map((chunk) => JSON.stringify(chunk)),
          false,
        )
      },
    ],
    ['while it waits for a whole answer', false, hanging],
  ] as const satisfies [string, boolean, Parameters<typeof startFakeUpstream>[0]][])(
    '%s is seen by the upstream',
    async (_when, stream, reply) => {
      upstream.reply = reply
      const leave = new AbortController()
      const ended = gather(
        model().chat(createChatRequest({ model: 'm', messages, stream }), createCallContext({ signal: leave.signal })),
      )
      setTimeout(() => {
        leave.abort(new CancelledError())
      }, 50)
      await expect(ended).rejects.toMatchObject({ code: 'client_closed' })
      await upstream.calls[0]?.aborted
    },
  )

  it('before anything was sent makes no call', async () => {
    const context = createCallContext({ signal: AbortSignal.abort(new CancelledError()) })
    await expect(gather(model().chat(createChatRequest({ model: 'm', messages }), context))).rejects.toMatchObject({
      code: 'client_closed',
    })
    expect(upstream.calls).toHaveLength(0)
  })
})

const contractModel = async (reply: FakeUpstream['reply']): Promise<ReturnType<typeof withinDeadline>> => {
  upstream.reply = reply
  const recorded = recordCalls(model())
  return Promise.resolve(withinDeadline(retried(recorded, { maxRetries: 1, random: () => 0 })))
}

describeChatModelContract('an OpenAI upstream model', {
  answering: () => contractModel(saying('It is 42.')),
  failing: () => contractModel(refusing(500, { error: { message: 'broken' } })),
  hanging: () => contractModel(hanging),
})

/** Bodies as clients send them, shortened in their texts alone. */
function recordedBodies(): [client: string, body: ChatBody][] {
  const stream = { stream: true, stream_options: { include_usage: true } }
  const tool = {
    type: 'function',
    function: { name: 'write', description: 'Writes', parameters: { type: 'object', properties: {} }, strict: false },
  }
  return [
    [
      'openai',
      {
        model: 'm',
        messages,
        store: false,
        metadata: { a: 'b' },
        user: 'u',
        prompt_cache_key: 'k',
        service_tier: 'auto',
      },
    ],
    [
      'opencode',
      {
        model: 'm',
        messages: [{ role: 'system', content: 'You are opencode' }, ...messages],
        max_tokens: 32000,
        tools: [tool],
        tool_choice: 'auto',
        ...stream,
      },
    ],
    [
      'qwen-code',
      {
        model: 'm',
        messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi', cache_control: { type: 'ephemeral' } }] }],
        metadata: { sessionId: 's' },
        ...stream,
      },
    ],
    [
      'cline',
      {
        model: 'm',
        messages: [...messages, ...messages],
        temperature: 0,
        reasoning_effort: 'high',
        parallel_tool_calls: false,
        ...stream,
      },
    ],
    [
      'pi',
      {
        model: 'm',
        messages: [{ role: 'developer', content: 'x' }, ...messages],
        store: false,
        max_completion_tokens: 16384,
        ...stream,
      },
    ],
    [
      'a tool loop',
      {
        model: 'm',
        messages: [
          ...messages,
          {
            role: 'assistant',
            content: null,
            tool_calls: [{ id: 'c', type: 'function', function: { name: 'write', arguments: '{}' } }],
          },
          { role: 'tool', tool_call_id: 'c', content: 'done' },
        ],
        tools: [tool],
      },
    ],
    [
      'images',
      {
        model: 'm',
        messages: [
          {
            role: 'user',
            content: [
              { type: 'text', text: 'What?' },
              { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==', detail: 'low' } },
            ],
          },
        ],
        response_format: { type: 'json_schema', json_schema: { name: 'a', strict: true, schema: {} } },
      },
    ],
  ]
}
