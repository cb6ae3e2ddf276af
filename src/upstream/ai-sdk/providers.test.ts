/** Real provider packages against servers that speak their real wire formats. */
import { LLMock } from '@copilotkit/aimock'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { ChatModel } from '../../chat/chat-model.ts'
import type { ChatBody } from '../../chat/chat-request.ts'
import { CancelledError, isMollmrError } from '../../chat/errors.ts'
import { askModel, beginAsking } from '../../testing/ask-model.ts'
import { describeChatModelContract } from '../../testing/chat-model-contract.ts'
import { type FakeUpstream, hanging, startFakeUpstream } from '../../testing/fake-upstream.ts'
import { overloadedFrame, recordedMessage, streamBeginning, streamingFrames } from '../../testing/messages-upstream.ts'
import { createTransport } from '../http/transport.ts'
import { createAiSdkModel } from './ai-sdk-model.ts'
import { type BoxedAccess, boxedProvider } from './boxed-provider.ts'
import { findProvider } from './load-provider.ts'
import { secretsIn } from './secrets-in.ts'

type Kind = 'anthropic' | 'google' | 'mistral'

const transport = createTransport()
const mock = new LLMock({ port: 0, host: '127.0.0.1' })
const apiKey = 'key-canary-1'
const names: Readonly<Record<Kind, string>> = {
  anthropic: 'claude-unheard-of',
  google: 'gemini-3-flash',
  mistral: 'mistral-small',
}
const paths: Readonly<Record<Kind, string>> = { anthropic: '/v1', google: '/v1beta', mistral: '/v1' }

beforeAll(async () => {
  await mock.start()
  // The first that fits answers.
  mock.onToolResult('call_2', { content: 'Sunny in both.' })
  mock.onMessage('weather', {
    toolCalls: [
      { name: 'weather', arguments: '{"city":"Paris"}', id: 'call_1' },
      { name: 'weather', arguments: '{"city":"Rome"}', id: 'call_2' },
    ],
  })
  mock.onMessage(/\d/, {
    content: 'It is 42, of course.',
    reasoning: 'Six sevens are forty-two.',
    reasoningSignature: 'sig-1',
  })
  mock.onMessage('schema', { content: '{"sum":42}' })
  mock.onMessage('refused', { error: { message: `no such key ${apiKey}`, type: 'authentication_error' }, status: 401 })
  mock.onMessage('limited', { error: { message: 'slow down', type: 'rate_limit_error' }, status: 429, retryAfter: 2 })
  mock.onMessage('broken', { error: { message: 'oh', type: 'api_error' }, status: 500 })
})

afterAll(async () => {
  await mock.stop()
  await transport.close()
})

function modelOf(kind: Kind, baseUrl: string): ChatModel {
  const { provider, defaults } =
    kind === 'mistral'
      ? { provider: { name: '@ai-sdk/mistral', options: { apiKey, baseURL: baseUrl } }, defaults: {} }
      : boxedProvider(kind, { baseUrl, apiKey, headers: { 'x-team': 'mollmr' } } satisfies BoxedAccess)
  const connect = findProvider(provider, 'up', import.meta.dirname)
  const secrets = secretsIn(provider.options)
  return createAiSdkModel({ id: 'm', name: names[kind], connect, secrets, defaults, dispatcher: transport.dispatcher })
}

for (const kind of ['anthropic', 'google', 'mistral'] as const) {
  let silent: FakeUpstream
  beforeAll(async () => {
    silent = await startFakeUpstream(hanging)
  })
  afterAll(() => silent.close())
  describeChatModelContract(`a model behind the package of ${kind}`, {
    answering: () => modelOf(kind, mock.url + paths[kind]),
    failing: () => modelOf(kind, 'http://127.0.0.1:1/v1'),
    hanging: () => modelOf(kind, silent.baseUrl),
    keepsLedger: false,
  })
}

const say = (content: string): Pick<ChatBody, 'messages'> => ({ messages: [{ role: 'user', content }] })
const weather = {
  type: 'function',
  function: { name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
}

describe.each(['anthropic', 'google', 'mistral'] as const)('the %s package', (kind) => {
  const model = (): ChatModel => modelOf(kind, mock.url + paths[kind])

  it.each([true, false])('answers with text, streamed: %s', async (stream) => {
    const { answer } = await askModel(model(), { body: { stream } })
    expect(answer.text).toBe('It is 42, of course.')
    expect(answer.finishReason).toBe('stop')
  })

  it.each([true, false])('calls two tools at once, streamed: %s', async (stream) => {
    const { answer } = await askModel(model(), { body: { stream, tools: [weather], ...say('the weather?') } })
    expect(answer.finishReason).toBe('tool_calls')
    const called = answer.toolCalls.map((call) => [
      call.id,
      call.function?.name,
      JSON.parse(call.function?.arguments ?? '') as unknown,
    ])
    expect(called).toEqual([
      ['call_1', 'weather', { city: 'Paris' }],
      ['call_2', 'weather', { city: 'Rome' }],
    ])
  })

  it('takes the results of tools, and goes on', async () => {
    const { answer: first } = await askModel(model(), { body: { tools: [weather], ...say('the weather?') } })
    const messages = [
      ...say('the weather?').messages,
      { role: 'assistant', content: null, tool_calls: first.toolCalls },
      ...first.toolCalls.map(({ id }) => ({ role: 'tool', tool_call_id: id, content: 'sunny' })),
    ]
    const { answer } = await askModel(model(), { body: { tools: [weather], messages } })
    expect(answer.text).toBe('Sunny in both.')
  })

  it('keeps to a schema', async () => {
    const schema = {
      type: 'object',
      properties: { sum: { type: 'number' } },
      required: ['sum'],
      additionalProperties: false,
    }
    const response_format = { type: 'json_schema', json_schema: { name: 'sum', schema, strict: true } }
    const { answer } = await askModel(model(), { body: { stream: false, response_format, ...say('by this schema') } })
    expect(JSON.parse(answer.text)).toEqual({ sum: 42 })
  })

  it.each([
    ['refused', { code: 'upstream_auth_failed', status: 401 }],
    ['limited', { code: 'rate_limit_exceeded', status: 429, retryAfterMs: 2000 }],
    ['broken', { code: 'upstream_error', status: 500 }],
  ])('is told apart where it is %s, and tells no key', async (word, expected) => {
    for (const stream of [true, false]) {
      const error: unknown = await askModel(model(), { body: { stream, ...say(word) } }).catch((e: unknown) => e)
      expect(error).toMatchObject(expected)
      expect((error as Error).message).not.toContain(apiKey)
    }
  })
})

describe('a conversation with tools whose client does not keep reasoning', () => {
  it('goes on without reasoning at anthropic, and says so in the trace', async () => {
    const tool_calls = [{ id: 'call_2', type: 'function', function: { name: 'weather', arguments: '{}' } }]
    const messages = [
      ...say('the weather?').messages,
      { role: 'assistant', content: null, tool_calls },
      { role: 'tool', tool_call_id: 'call_2', content: 'sunny' },
    ]
    const body = { tools: [weather], reasoning_effort: 'low', messages }
    const { answer, trace } = await askModel(modelOf('anthropic', mock.url), { body })
    expect(answer.text).toBe('Sunny in both.')
    expect(JSON.stringify(trace.spans()[0]?.notes)).toContain('reasoning is left out')
  })
})

describe.each(['anthropic', 'google'] as const)('the %s package', (kind) => {
  it.each([true, false])('shows how the model reasoned, streamed: %s', async (stream) => {
    const { answer } = await askModel(modelOf(kind, mock.url), { body: { stream } })
    expect(answer.reasoning).toBe('Six sevens are forty-two.')
  })
})

describe('against a server that is watched', () => {
  let server: FakeUpstream

  beforeEach(async () => {
    server = await startFakeUpstream(hanging)
  })

  afterEach(async () => {
    vi.unstubAllEnvs()
    await server.close()
  })

  const origin = (): string => new URL(server.baseUrl).origin

  it.each(['anthropic', 'google', 'mistral'] as const)('an aborted call to %s closes its connection', async (kind) => {
    for (const stream of [true, false]) {
      const controller = new AbortController()
      const asked = server.calls.length
      const { answer } = beginAsking(modelOf(kind, server.baseUrl), { body: { stream }, signal: controller.signal })
      const ended = answer.catch((error: unknown) => error)
      await expect.poll(() => server.calls.length).toBe(asked + 1)
      controller.abort(new CancelledError())
      expect(await ended).toBeInstanceOf(CancelledError)
      await server.calls.at(-1)?.aborted
    }
  })

  it('the base URL of anthropic needs no /v1, and keeps another path', async () => {
    server.reply = recordedMessage
    await askModel(modelOf('anthropic', origin()))
    await askModel(modelOf('anthropic', `${origin()}/`))
    await askModel(modelOf('anthropic', `${origin()}/proxy/v1/`))
    expect(server.calls.map(({ path }) => path)).toEqual(['/v1/messages', '/v1/messages', '/proxy/v1/messages'])
  })

  it('a model of anthropic that nobody knows gets a limit that models take, and the asked one where it is asked', async () => {
    server.reply = recordedMessage
    await askModel(modelOf('anthropic', origin()))
    await askModel(modelOf('anthropic', origin()), { body: { max_tokens: 50 } })
    await askModel(modelOf('anthropic', origin()), { body: { max_tokens: -1 } })
    expect(server.calls.map(({ body }) => body['max_tokens'])).toEqual([32_000, 50, 32_000])
  })

  it('the environment is not looked into', async () => {
    vi.stubEnv('ANTHROPIC_BASE_URL', 'http://127.0.0.1:1/v1')
    vi.stubEnv('ANTHROPIC_API_KEY', 'from-the-environment')
    server.reply = recordedMessage
    await askModel(modelOf('anthropic', origin()))
    expect(server.calls[0]?.headers).toMatchObject({ 'x-api-key': apiKey, 'x-team': 'mollmr' })
  })

  it('signed reasoning of anthropic comes back as it was', async () => {
    server.reply = recordedMessage
    const { answer: first } = await askModel(modelOf('anthropic', origin()), { body: { tools: [weather] } })
    const { message } = first.completion.choices[0] ?? {}
    const result = { role: 'tool', tool_call_id: 'toolu_1', content: 'sunny' }
    const messages = [...say('weather').messages, { ...message, role: 'assistant' }, result]
    await askModel(modelOf('anthropic', origin()), { body: { tools: [weather], messages } })
    expect(server.calls[1]?.body.messages[1]?.content).toEqual([
      { type: 'thinking', thinking: 'Let me look.', signature: 'EqQBCg' },
      { type: 'text', text: 'I look it up.' },
      { type: 'tool_use', id: 'toolu_1', name: 'weather', input: { city: 'Paris' } },
    ])
  })

  it('the usage of anthropic counts the cached tokens in', async () => {
    server.reply = recordedMessage
    const { answer } = await askModel(modelOf('anthropic', origin()), { body: { tools: [weather] } })
    expect(answer.end.usage).toMatchObject({
      prompt_tokens: 30,
      completion_tokens: 40,
      prompt_tokens_details: { cached_tokens: 18 },
    })
  })

  it.each([
    ['an error in its midst', 'event: error', 'upstream_error'],
    ['no end', 'event: message_stop', 'upstream_stream_truncated'],
  ])('a stream of anthropic with %s fails', async (what, cutAt, code) => {
    const kept = cutAt === 'event: error' ? `${streamBeginning}${overloadedFrame}` : streamBeginning
    server.reply = streamingFrames(kept)
    const error: unknown = await askModel(modelOf('anthropic', origin())).catch((e: unknown) => e)
    expect(isMollmrError(error)).toBe(true)
    expect(error, what).toMatchObject({ code })
  })

  it('a key of google goes into a header, never into the address', async () => {
    server.reply = (response) => {
      response.writeHead(400, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ error: { code: 400, message: 'API key not valid.', status: 'INVALID_ARGUMENT' } }))
    }
    await expect(askModel(modelOf('google', origin()))).rejects.toMatchObject({ code: 'upstream_auth_failed' })
    expect(server.calls[0]?.path).toBe('/v1beta/models/gemini-3-flash:streamGenerateContent?alt=sse')
    expect(server.calls[0]?.headers['x-goog-api-key']).toBe(apiKey)
  })
})
