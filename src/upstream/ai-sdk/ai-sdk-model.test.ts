import { APICallError, UnsupportedFunctionalityError, type LanguageModelV4StreamPart } from '@ai-sdk/provider'
import { afterAll, describe, expect, it } from 'vitest'
import type { ChatModel } from '../../chat/chat-model.ts'
import type { ChatBody } from '../../chat/chat-request.ts'
import { CancelledError, RequestError, UpstreamError } from '../../chat/errors.ts'
import { askModel, beginAsking, notesOf } from '../../testing/ask-model.ts'
import { describeChatModelContract } from '../../testing/chat-model-contract.ts'
import {
  createFakeProvider,
  createSayingProvider,
  type FakeProvider,
  finishPart,
  textParts,
} from '../../testing/fake-provider.ts'
import { createTransport } from '../http/transport.ts'
import { type AiSdkModelOptions, createAiSdkModel } from './ai-sdk-model.ts'

const transport = createTransport()
const { dispatcher } = transport
afterAll(() => transport.close())

function bridge(provider: FakeProvider, options: Partial<AiSdkModelOptions> = {}): ChatModel {
  const connect = (): Promise<FakeProvider> => Promise.resolve(provider)
  return createAiSdkModel({ id: 'bridged', name: 'fake-1', connect, secrets: ['sk-canary'], dispatcher, ...options })
}

function streaming(...parts: readonly (LanguageModelV4StreamPart | Error)[]): ChatModel {
  return bridge(createFakeProvider({ parts }))
}

function failing(fails: unknown): ChatModel {
  return bridge(createFakeProvider({ fails }))
}

async function errorOf(model: ChatModel, body: Partial<ChatBody> = {}): Promise<unknown> {
  return askModel(model, { body }).then(
    () => null,
    (error: unknown) => error,
  )
}

describeChatModelContract('a model behind a provider package', {
  answering: () => bridge(createSayingProvider('Six times seven is 42.')),
  failing: () => failing(new Error('broken')),
  hanging: () => bridge(createFakeProvider({ hangs: true })),
  keepsLedger: false,
})

describe('a streamed answer', () => {
  it('keeps one id and model through all chunks, begun with the role', async () => {
    const metadata = { type: 'response-metadata', id: 'msg_1', modelId: 'fake-1-2026' } as const
    const { events } = await askModel(streaming(metadata, ...textParts('a b'), finishPart()))
    const chunks = events.flatMap((event) => (event.type === 'chunk' ? [event.chunk] : []))
    expect(new Set(chunks.map(({ id, model }) => `${id} ${model}`))).toEqual(new Set(['msg_1 fake-1-2026']))
    expect(chunks.map(({ choices }) => choices[0]?.delta)).toEqual([
      { role: 'assistant', content: '' },
      { content: 'a ' },
      { content: 'b' },
      {},
    ])
  })

  it('tells usage with cached and reasoning tokens, as a chunk only where it is asked for', async () => {
    const model = streaming(...textParts('a'), finishPart())
    const silent = await askModel(model)
    expect(silent.answer.end.usage).toMatchObject({
      prompt_tokens: 9,
      completion_tokens: 7,
      total_tokens: 16,
      prompt_tokens_details: { cached_tokens: 4 },
      completion_tokens_details: { reasoning_tokens: 3 },
    })
    const asked = await askModel(model, { body: { stream_options: { include_usage: true } } })
    const usageChunks = ({ events }: typeof asked): number =>
      events.filter((event) => event.type === 'chunk' && event.chunk.choices.length === 0).length
    expect([usageChunks(silent), usageChunks(asked)]).toEqual([0, 1])
  })

  it('numbers parallel tool calls in the order in which they begin, however their deltas are mixed', async () => {
    const { answer } = await askModel(
      streaming(
        { type: 'tool-input-start', id: 'a', toolName: 'first' },
        { type: 'tool-input-start', id: 'b', toolName: 'second' },
        { type: 'tool-input-delta', id: 'b', delta: '{"n":' },
        { type: 'tool-input-delta', id: 'a', delta: '{}' },
        { type: 'tool-input-delta', id: 'b', delta: '2}' },
        { type: 'tool-call', toolCallId: 'a', toolName: 'first', input: '{}' },
        { type: 'tool-call', toolCallId: 'b', toolName: 'second', input: '{"n":2}' },
        finishPart({ unified: 'stop' }),
      ),
    )
    expect(answer.finishReason).toBe('tool_calls')
    expect(answer.toolCalls).toEqual([
      { id: 'a', type: 'function', function: { name: 'first', arguments: '{}' } },
      { id: 'b', type: 'function', function: { name: 'second', arguments: '{"n":2}' } },
    ])
  })

  it('has the arguments of calls that were not streamed as JSON, or not at all', async () => {
    const { answer } = await askModel(
      streaming(
        { type: 'tool-input-start', id: 'a', toolName: 'raw', inputEncoding: 'text' },
        { type: 'tool-input-delta', id: 'a', delta: 'not json' },
        { type: 'tool-call', toolCallId: 'a', toolName: 'raw', input: '"not json"' },
        { type: 'tool-call', toolCallId: 'b', toolName: 'whole', input: '{"n":2}' },
        { type: 'tool-input-start', id: 'c', toolName: 'empty' },
        { type: 'tool-call', toolCallId: 'c', toolName: 'empty', input: '{}' },
        finishPart({ unified: 'tool-calls' }),
      ),
    )
    expect(answer.toolCalls.map((call) => call.function?.arguments)).toEqual(['"not json"', '{"n":2}', '{}'])
  })

  it('leaves out what the provider ran itself', async () => {
    const { answer } = await askModel(
      streaming(
        { type: 'tool-input-start', id: 'a', toolName: 'web_search', providerExecuted: true },
        { type: 'tool-input-delta', id: 'a', delta: '{}' },
        { type: 'tool-call', toolCallId: 'a', toolName: 'web_search', input: '{}', providerExecuted: true },
        { type: 'source', sourceType: 'url', id: 's', url: 'https://example.org/', title: 'Example' },
        ...textParts('found'),
        finishPart(),
      ),
    )
    expect(answer.toolCalls).toEqual([])
    expect(answer.finishReason).toBe('stop')
    expect(answer.completion.choices[0]?.message['annotations']).toEqual([
      { type: 'url_citation', url_citation: { url: 'https://example.org/', title: 'Example' } },
    ])
  })

  it('shows reasoning as it comes, and its signatures where they must come back', async () => {
    const { answer } = await askModel(
      streaming(
        { type: 'reasoning-start', id: 'r' },
        { type: 'reasoning-delta', id: 'r', delta: 'six ' },
        { type: 'reasoning-delta', id: 'r', delta: 'sevens' },
        { type: 'reasoning-delta', id: 'r', delta: '', providerMetadata: { anthropic: { signature: 'sig' } } },
        { type: 'reasoning-end', id: 'r' },
        ...textParts('42'),
        finishPart(),
      ),
    )
    expect(answer.reasoning).toBe('six sevens')
    expect(answer.completion.choices[0]?.message['reasoning_details']).toEqual([
      { type: 'reasoning.text', text: 'six sevens', extra_content: { anthropic: { signature: 'sig' } } },
    ])
  })

  it('has the images that a model made', async () => {
    const data = new Uint8Array([1, 2, 3])
    const file = { type: 'file', mediaType: 'image/png', data: { type: 'data', data } } as const
    const { answer } = await askModel(streaming(file, finishPart()))
    expect(answer.completion.choices[0]?.message['images']).toEqual([
      { type: 'image_url', image_url: { url: 'data:image/png;base64,AQID' } },
    ])
  })

  it.each([
    ['interrupted', undefined, 'upstream_stream_truncated'],
    ['other', undefined, 'upstream_stream_truncated'],
    ['error', 'MALFORMED', 'upstream_error'],
  ] as const)('that ends as %s is an error, never a clean stop', async (unified, raw, code) => {
    expect(await errorOf(streaming(...textParts('a'), finishPart({ unified, raw })))).toMatchObject({ code })
  })

  it('that stops without a finish is truncated', async () => {
    expect(await errorOf(streaming(...textParts('a')))).toMatchObject({ code: 'upstream_stream_truncated' })
  })

  it('that says nothing is an error, unless a limit or a filter ended it', async () => {
    expect(await errorOf(streaming(finishPart()))).toMatchObject({ code: 'upstream_empty_response' })
    const { answer } = await askModel(streaming(finishPart({ unified: 'content-filter' })))
    expect(answer.finishReason).toBe('content_filter')
  })

  it('that grows without end is cut', async () => {
    const provider = createFakeProvider({ parts: [...textParts('far too long'), finishPart()] })
    expect(await errorOf(bridge(provider, { maxAnswerCharacters: 5 }))).toMatchObject({ code: 'upstream_output_limit' })
  })

  it('ends with the error that the provider sends in the middle of it', async () => {
    const overloaded = { message: 'Overloaded', type: 'overloaded_error', statusCode: 529 }
    const { answer, events } = beginAsking(streaming(...textParts('so far'), { type: 'error', error: overloaded }))
    await expect(answer).rejects.toMatchObject({ code: 'upstream_error', status: 529 })
    expect(events.length).toBeGreaterThan(0)
  })
})

describe('a whole answer', () => {
  it('has text, reasoning, tool calls and usage', async () => {
    const result = {
      content: [
        { type: 'reasoning', text: 'hm', providerMetadata: { google: { thoughtSignature: 'sig' } } },
        { type: 'text', text: 'Let me ' },
        { type: 'text', text: 'look.' },
        { type: 'tool-call', toolCallId: 'c1', toolName: 'look', input: '{"at":1}' },
      ],
      finishReason: { unified: 'tool-calls', raw: 'tool_use' },
      response: { id: 'msg_2', modelId: 'fake-1-2026' },
    } as const
    const provider = createFakeProvider({ result: { ...result, content: [...result.content] } })
    const { answer, events } = await askModel(bridge(provider), { body: { stream: false } })
    expect(events.map(({ type }) => type)).toEqual(['completion', 'end'])
    expect(answer.completion).toMatchObject({ id: 'msg_2', model: 'fake-1-2026', usage: { prompt_tokens: 9 } })
    expect(answer.completion.choices[0]).toEqual({
      index: 0,
      finish_reason: 'tool_calls',
      message: {
        role: 'assistant',
        content: 'Let me look.',
        reasoning_content: 'hm',
        reasoning_details: [
          { type: 'reasoning.text', text: 'hm', extra_content: { google: { thought_signature: 'sig' } } },
        ],
        tool_calls: [{ id: 'c1', type: 'function', function: { name: 'look', arguments: '{"at":1}' } }],
      },
    })
  })

  it('is the structured text alone where a format was asked for', async () => {
    const content = [{ type: 'text' as const, text: 'Here you are: {"a":1}' }]
    const provider = createFakeProvider({ result: { content, structuredOutputText: '{"a":1}' } })
    const ask = (body: Partial<ChatBody>) => askModel(bridge(provider), { body: { stream: false, ...body } })
    expect((await ask({ response_format: { type: 'json_object' } })).answer.text).toBe('{"a":1}')
    expect((await ask({})).answer.text).toBe('Here you are: {"a":1}')
  })

  it('that is too long is none', async () => {
    const provider = createFakeProvider({ result: { content: [{ type: 'text', text: 'far too long' }] } })
    const error = await errorOf(bridge(provider, { maxAnswerCharacters: 5 }), { stream: false })
    expect(error).toMatchObject({ code: 'upstream_output_limit' })
  })

  it('without usage leaves the figure unknown', async () => {
    const unknown = { total: undefined, noCache: undefined, cacheRead: undefined, cacheWrite: undefined }
    const usage = { inputTokens: unknown, outputTokens: { total: undefined, text: undefined, reasoning: undefined } }
    const provider = createFakeProvider({ result: { content: [{ type: 'text', text: 'a' }], usage } })
    const { answer } = await askModel(bridge(provider), { body: { stream: false } })
    expect(answer.end.usage).toBeNull()
  })
})

describe('a call', () => {
  it('notes in the trace what the provider could not do', async () => {
    const warnings = [{ type: 'unsupported', feature: 'seed' } as const]
    const { trace } = await askModel(streaming({ type: 'stream-start', warnings }, ...textParts('a'), finishPart()))
    expect(notesOf(trace)).toContain('upstream_warning')
    expect(trace.spans()[0]?.notes[0]?.attributes).toEqual({ model: 'bridged', warning: 'unsupported seed' })
  })

  it('loads its package once, when it is first asked, and again after it could not be loaded', async () => {
    let loads = 0
    const connect = (): Promise<FakeProvider> => {
      loads += 1
      return loads === 1 ? Promise.reject(new Error('no such file')) : Promise.resolve(createSayingProvider('a'))
    }
    const model = bridge(createSayingProvider(''), { connect })
    expect(loads).toBe(0)
    expect(await errorOf(model)).toMatchObject({ code: 'upstream_error' })
    await askModel(model)
    await askModel(model)
    expect(loads).toBe(2)
  })

  it('gives the provider a signal that ends with it', async () => {
    const provider = createSayingProvider('a')
    await askModel(bridge(provider))
    expect(provider.calls[0]?.abortSignal?.aborted).toBe(true)
  })

  it('that is cancelled in the middle of its stream ends as cancelled, though the provider does not hear it', async () => {
    const controller = new AbortController()
    const provider = createFakeProvider({ parts: textParts('a b c') })
    const stalled = { ...provider, doStream: () => Promise.resolve({ stream: neverEnding(textParts('so far')) }) }
    const { answer, events } = beginAsking(bridge(stalled), { signal: controller.signal })
    await expect.poll(() => events.length).toBeGreaterThan(2)
    controller.abort(new CancelledError())
    await expect(answer).rejects.toBeInstanceOf(CancelledError)
  })
})

describe('a failure', () => {
  const answered = (statusCode: number, body: unknown, headers = {}): APICallError =>
    new APICallError({
      message: 'said by the package',
      url: 'https://api.example/v1',
      requestBodyValues: {},
      statusCode,
      responseHeaders: headers,
      responseBody: JSON.stringify(body),
    })

  it.each([
    [401, { error: { type: 'authentication_error', message: 'no' } }, 'upstream_auth_failed'],
    [404, { error: { type: 'not_found_error', message: 'model: x' } }, 'upstream_model_not_found'],
    [400, { error: { message: 'max_tokens: too many' } }, 'upstream_bad_request'],
    [400, { error: { message: 'prompt is too long: 210000 tokens > 200000 maximum' } }, 'context_length_exceeded'],
    [400, { error: { message: 'The input token count (9) exceeds the maximum' } }, 'context_length_exceeded'],
    [400, { error: { message: 'Your credit balance is too low to access the API' } }, 'upstream_quota_exhausted'],
    [
      400,
      { error: { status: 'INVALID_ARGUMENT', message: 'API key not valid. Pass a valid one.' } },
      'upstream_auth_failed',
    ],
    [529, { error: { type: 'overloaded_error', message: 'Overloaded' } }, 'upstream_error'],
    [302, {}, 'upstream_redirect'],
  ] as const)('with status %i and %j is told as ours', async (status, body, code) => {
    expect(await errorOf(failing(answered(status, body)))).toMatchObject({ code })
  })

  it('of a passing limit says how long to wait, in the header or in the body', async () => {
    const header = await errorOf(failing(answered(429, { error: { message: 'slow' } }, { 'retry-after': '7' })))
    expect(header).toMatchObject({ code: 'rate_limit_exceeded', retryAfterMs: 7000 })
    const details = [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '23s' }]
    const message = 'You exceeded your current quota, please check your plan and billing details.'
    const body = await errorOf(failing(answered(429, { error: { code: 429, message, details } })))
    expect(body).toMatchObject({ code: 'rate_limit_exceeded', retryAfterMs: 23_000 })
  })

  it('never tells a key', async () => {
    const echoed = await errorOf(failing(answered(401, { error: { message: 'bad key sk-canary' } })))
    const thrown = await errorOf(failing(new Error('cannot sign with sk-canary')))
    for (const error of [echoed, thrown]) expect((error as Error).message).not.toContain('sk-canary')
  })

  it('of what the package cannot do is the request that is wrong', async () => {
    const error = await errorOf(failing(new UnsupportedFunctionalityError({ functionality: 'audio' })))
    expect(error).toBeInstanceOf(RequestError)
    expect(error).toMatchObject({ code: 'unsupported_parameter' })
  })

  it('with our own error somewhere below is that error', async () => {
    const own = new UpstreamError('upstream_reset', 'closed')
    const wrapped = new APICallError({
      message: 'x',
      url: 'x',
      requestBodyValues: {},
      cause: new Error('y', { cause: own }),
    })
    expect(await errorOf(failing(wrapped))).toBe(own)
  })
})

function neverEnding(parts: readonly LanguageModelV4StreamPart[]): ReadableStream<LanguageModelV4StreamPart> {
  return new ReadableStream({
    start: (controller) => {
      for (const part of parts) controller.enqueue(part)
    },
  })
}
