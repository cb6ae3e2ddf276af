import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ChatEvent } from '../../chat/chat-event.ts'
import { type ChatModel, wrapModel } from '../../chat/chat-model.ts'
import { type ChatRequest, createChatRequest } from '../../chat/chat-request.ts'
import { collectAnswer } from '../../chat/collect-answer.ts'
import { describeChatModelContract } from '../../testing/chat-model-contract.ts'
import { createSayingModel } from '../../testing/fake-model.ts'
import {
  type FakeUpstream,
  hanging,
  refusing,
  startFakeUpstream,
  type UpstreamReply,
} from '../../testing/fake-upstream.ts'
import {
  blockFrames,
  messageFrame,
  overloadedFrame,
  recordedMessage,
  streamBeginning,
  streamEnding,
  streamingFrames,
  wholeMessage,
} from '../../testing/messages-upstream.ts'
import { createCallContext } from '../../trace/call-context.ts'
import { createTransport, type Transport } from '../http/transport.ts'
import { type NativeMessagesOptions, withNativeMessages } from './native-messages.ts'

let server: FakeUpstream
let transport: Transport

beforeEach(async () => {
  transport = createTransport()
  server = await startFakeUpstream(recordedMessage)
})

afterEach(async () => {
  await server.close()
  await transport.close()
})

const bridged = createSayingModel('sonnet', 'over the bridge')

function modelOf(options: Partial<NativeMessagesOptions> = {}): ChatModel {
  return withNativeMessages(bridged, {
    baseUrl: server.baseUrl,
    name: 'claude-x',
    apiKey: 'key-canary',
    headers: { 'x-team': 'mollmr' },
    dispatcher: transport.dispatcher,
    ...options,
  })
}

const sourceOf = (stream: boolean): string =>
  `{"model": "mollmr/sonnet",  "max_tokens":128000, "stream":${String(stream)}, "unheard_of":{"a":1e3},
    "messages":[{"role":"user","content":[{"type":"text","text":"Hi","cache_control":{"type":"ephemeral"}}]}]}`

function nativeRequest(stream: boolean, headers: Readonly<Record<string, string>> = {}): ChatRequest {
  const body = { model: 'mollmr/sonnet', messages: [{ role: 'user', content: 'Hi' }], stream }
  const native = { dialect: 'anthropic-messages', json: sourceOf(stream) } as const
  return createChatRequest(body, { native, caller: { headers } })
}

async function eventsOf(request: ChatRequest, model = modelOf()): Promise<ChatEvent[]> {
  const events: ChatEvent[] = []
  for await (const event of model.chat(request, createCallContext())) events.push(event)
  return events
}

async function errorOf(reply: UpstreamReply, stream = true, model = modelOf()): Promise<unknown> {
  server.reply = reply
  return eventsOf(nativeRequest(stream), model).catch((error: unknown) => error)
}

/** The contract's requests as they would come in by the Messages API. */
function asked(model: ChatModel): ChatModel {
  return wrapModel(model, (request, context) => {
    const json = JSON.stringify({ ...request.body, max_tokens: 5 })
    return model.chat({ ...request, native: { dialect: 'anthropic-messages', json } }, context)
  })
}

function behind(reply: UpstreamReply): () => ChatModel {
  return () => {
    server.reply = reply
    return asked(modelOf())
  }
}

describeChatModelContract('a request of the Messages API that is handed on', {
  answering: behind(recordedMessage),
  failing: behind(refusing(529, { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } })),
  hanging: behind(hanging),
  keepsLedger: false,
})

describe('a request of the Messages API', () => {
  it.each([true, false])(
    'goes out byte for byte, with the name that the server knows; streamed: %s',
    async (stream) => {
      await eventsOf(nativeRequest(stream))
      expect(server.calls[0]?.path).toBe('/v1/messages')
      expect(server.calls[0]?.text).toBe(sourceOf(stream).replace('mollmr/sonnet', 'claude-x'))
    },
  )

  it("has the caller's version and beta features, and the key of the config", async () => {
    const headers = {
      'anthropic-beta': 'a-2026,b-2026',
      'anthropic-version': '2026-10-21',
      'x-api-key': 'of-the-caller',
    }
    await eventsOf(nativeRequest(true, headers))
    await eventsOf(nativeRequest(true))
    expect(server.calls[0]?.headers).toMatchObject({
      'x-api-key': 'key-canary',
      'anthropic-beta': 'a-2026,b-2026',
      'anthropic-version': '2026-10-21',
      'x-team': 'mollmr',
    })
    expect(server.calls[1]?.headers).toMatchObject({ 'anthropic-version': '2023-06-01' })
    expect(server.calls[1]?.headers).not.toHaveProperty('anthropic-beta')
  })

  it('in any other dialect goes over the bridge', async () => {
    const { native: _native, ...request } = nativeRequest(true)
    expect((await collectAnswer(modelOf().chat(request, createCallContext()))).text).toBe('over the bridge')
    expect(server.calls).toEqual([])
  })
})

describe('its streamed answer', () => {
  it('brings every frame as it was written, without the signs of life', async () => {
    const events = await eventsOf(nativeRequest(true))
    const frames = events.flatMap((event) => (event.type === 'chunk' && event.native ? [event.native] : []))
    const written = frames.map(({ event, json }) => `event: ${event}\ndata: ${json}\n\n`).join('')
    expect(written).toBe((streamBeginning + streamEnding).replace(messageFrame('ping', {}), ''))
  })

  it('says the same in the words of OpenAI, for everyone on its way', async () => {
    const answer = await collectAnswer(modelOf().chat(nativeRequest(true), createCallContext()))
    expect(answer).toMatchObject({ text: 'I look it up.', reasoning: 'Let me look.', finishReason: 'tool_calls' })
    expect(answer.completion).toMatchObject({ id: 'msg_01', model: 'claude-x' })
    expect(answer.toolCalls).toEqual([
      { id: 'toolu_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Paris"}' } },
    ])
    expect(answer.end.usage).toMatchObject({
      prompt_tokens: 30,
      completion_tokens: 40,
      prompt_tokens_details: { cached_tokens: 18 },
    })
  })

  it('keeps to itself the tools that the server runs', async () => {
    const search = blockFrames(
      0,
      { type: 'server_tool_use', id: 's1', name: 'web_search', input: {} },
      { type: 'input_json_delta', partial_json: '{}' },
    )
    server.reply = streamingFrames(
      messageFrame('message_start', { message: { id: 'm', model: 'x' } }) +
        search +
        messageFrame('message_delta', { delta: { stop_reason: 'end_turn' } }) +
        messageFrame('message_stop', {}),
    )
    const answer = await collectAnswer(modelOf().chat(nativeRequest(true), createCallContext()))
    expect(answer).toMatchObject({ toolCalls: [], finishReason: 'stop', end: { usage: null } })
  })

  it('ends with message_stop, though the connection stays open', async () => {
    server.reply = streamingFrames(streamBeginning + streamEnding, false)
    const events = await eventsOf(nativeRequest(true))
    expect(events.at(-1)?.type).toBe('end')
    await server.calls[0]?.aborted
  })
})

describe('its whole answer', () => {
  it('brings the JSON as it was written, and the same in the words of OpenAI', async () => {
    const answer = await collectAnswer(modelOf().chat(nativeRequest(false), createCallContext()))
    expect(answer.native).toEqual({ dialect: 'anthropic-messages', json: JSON.stringify(wholeMessage) })
    expect(answer).toMatchObject({ text: 'I look it up.', reasoning: 'Let me look.', finishReason: 'tool_calls' })
    expect(answer.toolCalls).toEqual([
      { id: 'toolu_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Paris"}' } },
    ])
    expect(answer.end.usage).toMatchObject({ prompt_tokens: 30, completion_tokens: 40 })
  })

  it.each([
    ['max_tokens', 'length'],
    ['model_context_window_exceeded', 'length'],
    ['refusal', 'content_filter'],
    ['pause_turn', 'stop'],
    ['unheard_of', 'unheard_of'],
  ])('that stops for %s ends with %s', async (reason, finish) => {
    server.reply = refusing(200, { ...wholeMessage, stop_reason: reason })
    const answer = await collectAnswer(modelOf().chat(nativeRequest(false), createCallContext()))
    expect(answer.finishReason).toBe(finish)
  })
})

describe('a failure', () => {
  const stop = messageFrame('message_delta', { delta: { stop_reason: 'end_turn' } }) + messageFrame('message_stop', {})

  it.each([
    ['an error in the midst', streamingFrames(streamBeginning + overloadedFrame), true, 'upstream_error'],
    [
      'an error in the midst without a name of its own',
      streamingFrames(`${streamBeginning}data: {"error":{"code":429,"message":"slow"}}\n\n${stop}`),
      true,
      'rate_limit_exceeded',
    ],
    ['a stream without an end', streamingFrames(streamBeginning), true, 'upstream_stream_truncated'],
    ['a stream that says nothing', streamingFrames(stop), true, 'upstream_empty_response'],
    ['a frame that is no JSON', streamingFrames('event: x\ndata: {\n\n'), true, 'upstream_malformed'],
    ['JSON that is no message', refusing(200, { id: 'x' }), false, 'upstream_malformed'],
    ['a list', refusing(200, []), false, 'upstream_malformed'],
    [
      'a message without content',
      refusing(200, { ...wholeMessage, content: [], stop_reason: 'end_turn' }),
      false,
      'upstream_empty_response',
    ],
    [
      'an error in a good answer',
      refusing(200, { type: 'error', error: { type: 'authentication_error', message: 'no' } }),
      false,
      'upstream_auth_failed',
    ],
    ['a web page', refusing(200, {}, { 'content-type': 'text/html' }), false, 'upstream_bad_content_type'],
    [
      'a refused key',
      refusing(401, { error: { type: 'authentication_error', message: 'key-canary' } }),
      true,
      'upstream_auth_failed',
    ],
    [
      'a rate limit',
      refusing(429, { error: { message: 'slow' } }, { 'retry-after': '3' }),
      true,
      'rate_limit_exceeded',
    ],
    [
      'a conversation that is too long',
      refusing(400, { error: { message: 'prompt is too long' } }),
      true,
      'context_length_exceeded',
    ],
  ] as const)('by %s is told as ours, without the key', async (...[, reply, stream, code]) => {
    const error = await errorOf(reply, stream)
    expect(error).toMatchObject({ code })
    expect((error as Error).message).not.toContain('canary')
  })

  it.each([true, false])('cuts an answer that grows without end (streamed: %s)', async (stream) => {
    const error = await errorOf(recordedMessage, stream, modelOf({ maxAnswerCharacters: 20 }))
    expect(error).toMatchObject({ code: 'upstream_output_limit' })
  })
})
