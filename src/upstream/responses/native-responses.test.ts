import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { carriesContent, type ChatEvent } from '../../chat/chat-event.ts'
import { type ChatModel, wrapModel } from '../../chat/chat-model.ts'
import { type ChatRequest, createChatRequest } from '../../chat/chat-request.ts'
import { collectAnswer } from '../../chat/collect-answer.ts'
import { describeChatModelContract } from '../../testing/chat-model-contract.ts'
import { createSayingModel } from '../../testing/fake-model.ts'
import {
  type FakeUpstream,
  hanging,
  refusing,
  sendJson,
  startFakeUpstream,
  type UpstreamReply,
} from '../../testing/fake-upstream.ts'
import { streamingFrames } from '../../testing/messages-upstream.ts'
import {
  recordedResponse,
  responseBeginning,
  responseEnding,
  responseFrame,
  wholeResponse,
} from '../../testing/responses-upstream.ts'
import { createCallContext } from '../../trace/call-context.ts'
import { createTransport, type Transport } from '../http/transport.ts'
import { type NativeResponsesOptions, speaksResponses, withNativeResponses } from './native-responses.ts'

let server: FakeUpstream
let transport: Transport

beforeEach(async () => {
  transport = createTransport()
  server = await startFakeUpstream(recordedResponse())
})

afterEach(async () => {
  await server.close()
  await transport.close()
})

function modelOf(
  options: Partial<NativeResponsesOptions> = {},
  chat: ChatModel = createSayingModel('big', 'over chat'),
): ChatModel {
  return withNativeResponses(chat, {
    id: 'big',
    baseUrl: server.baseUrl,
    name: 'gpt-x',
    apiKey: 'key-canary',
    headers: { 'x-team': 'mollmr' },
    dispatcher: transport.dispatcher,
    upstream: 'openai',
    ...options,
  })
}

const sourceOf = (stream: boolean): string =>
  `{"model": "mollmr/big",  "store":false, "stream":${String(stream)}, "unheard_of":{"a":1e3},
    "include":["reasoning.encrypted_content"],
    "tools":[{"type":"web_search"},{"type":"namespace","name":"agents","tools":[{"type":"function","name":"spawn"}]}],
    "input":[{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"gAAAA=="},{"role":"user","content":"Hi"}]}`

function nativeRequest(
  stream: boolean,
  extras: { headers?: Record<string, string>; heldBy?: string } = {},
): ChatRequest {
  const { headers = {}, heldBy } = extras
  const body = { model: 'mollmr/big', messages: [{ role: 'user', content: 'Hi' }], stream }
  const json = sourceOf(stream)
  const native = { dialect: 'openai-responses' as const, json, ...(heldBy === undefined ? {} : { heldBy }) }
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

/** The contract's requests as they would come in by the Responses API. */
function behind(reply: UpstreamReply): () => ChatModel {
  return () => {
    server.reply = reply
    const model = modelOf()
    return wrapModel(model, (request, context) => {
      const json = JSON.stringify({ model: 'big', input: 'Hi', stream: request.body.stream })
      return model.chat({ ...request, native: { dialect: 'openai-responses', json } }, context)
    })
  }
}

describeChatModelContract('a request of the Responses API that is handed on', {
  answering: behind(recordedResponse()),
  failing: behind(refusing(503, { error: { message: 'Overloaded' } })),
  hanging: behind(hanging),
  keepsLedger: false,
})

describe('a request of the Responses API', () => {
  it.each([true, false])(
    'goes out byte for byte, with the name that the server knows; streamed: %s',
    async (stream) => {
      await eventsOf(nativeRequest(stream))
      expect(server.calls[0]?.path).toBe('/v1/responses')
      expect(server.calls[0]?.text).toBe(sourceOf(stream).replace('mollmr/big', 'gpt-x'))
    },
  )

  it("has the caller's beta features, and the key of the config", async () => {
    const headers = { 'openai-beta': 'responses=v2', authorization: 'Bearer of-the-caller' }
    await eventsOf(nativeRequest(true, { headers }))
    expect(server.calls[0]?.headers).toMatchObject({
      authorization: 'Bearer key-canary',
      'openai-beta': 'responses=v2',
      'x-team': 'mollmr',
    })
  })

  it('in any other dialect goes over the chat API', async () => {
    const { native: _native, ...request } = nativeRequest(true)
    expect((await collectAnswer(modelOf().chat(request, createCallContext()))).text).toBe('over chat')
    expect(server.calls).toEqual([])
  })

  it('that names what another upstream keeps goes over the chat API too', async () => {
    const chat = async (heldBy: string): Promise<string> =>
      (await collectAnswer(modelOf().chat(nativeRequest(true, { heldBy }), createCallContext()))).text
    expect(await chat('azure')).toBe('over chat')
    expect(await chat('openai')).toBe('Sunny.')
  })
})

describe('its streamed answer', () => {
  it('brings every frame as it was written, also of a kind that nobody knows', async () => {
    const events = await eventsOf(nativeRequest(true))
    const frames = events.flatMap((event) => (event.type === 'chunk' && event.native ? [event.native] : []))
    const written = frames.map(({ event, json }) => `event: ${event}\ndata: ${json}\n\n`).join('')
    expect(written).toBe(responseBeginning + responseEnding())
  })

  it('says the same in the words of OpenAI chat, for everyone on its way', async () => {
    const answer = await collectAnswer(modelOf().chat(nativeRequest(true), createCallContext()))
    expect(answer).toMatchObject({ text: 'Sunny.', finishReason: 'tool_calls' })
    expect(answer.completion).toMatchObject({ model: 'gpt-x-2026', created: 1_756_315_696 })
    expect(answer.toolCalls).toEqual([
      { id: 'call_9', type: 'function', function: { name: 'agents__spawn', arguments: '{"city":"Paris"}' } },
      { id: 'call_10', type: 'function', function: { name: 'apply_patch', arguments: '*** Begin Patch' } },
    ])
    expect(answer.end.usage).toMatchObject({
      prompt_tokens: 44,
      completion_tokens: 212,
      prompt_tokens_details: { cached_tokens: 16 },
      completion_tokens_details: { reasoning_tokens: 64 },
    })
  })

  it('shows what the server does before it says anything', async () => {
    const events = await eventsOf(nativeRequest(true))
    const shown = events.find((event) => event.type === 'chunk' && carriesContent(event))
    expect(shown).toMatchObject({ native: { event: 'response.web_search_call.completed' } })
    const ofCaller = events.filter((event) => event.type === 'chunk' && event.native?.showsWork === true)
    expect(ofCaller).toHaveLength(1)
  })

  it('is done with the frame that ends it, whether or not the socket closes', async () => {
    server.reply = streamingFrames(responseBeginning + responseEnding(), false)
    const events = await eventsOf(nativeRequest(true))
    expect(events.at(-1)?.type).toBe('end')
  })

  it('says who keeps it where the server does', async () => {
    const heldBy = async (stored: boolean): Promise<unknown> => {
      server.reply = recordedResponse(stored)
      const event = (await eventsOf(nativeRequest(true))).at(-2)
      return event?.type === 'chunk' ? event.native?.heldBy : null
    }
    expect([await heldBy(true), await heldBy(false)]).toEqual(['openai', undefined])
  })

  it('takes the arguments of a call from where they are whole, if nowhere else', async () => {
    const deltas = /event: response.function_call_arguments.delta\ndata: .*\n\n/g
    server.reply = streamingFrames((responseBeginning + responseEnding()).replaceAll(deltas, ''))
    const { toolCalls } = await collectAnswer(modelOf().chat(nativeRequest(true), createCallContext()))
    expect(toolCalls[0]?.function?.arguments).toBe('{"city":"Paris"}')
  })

  it('has thoughts and refusals where they are shown', async () => {
    server.reply = streamingFrames(
      responseFrame('response.created', '"response":{"id":"resp_1","model":"gpt-x"}') +
        responseFrame('response.output_item.added', '"item":{"id":"rs_1","type":"reasoning"}') +
        responseFrame('response.reasoning_summary_text.delta', '"delta":"Hm."') +
        responseFrame('response.refusal.delta', '"delta":"No."') +
        responseFrame(
          'response.incomplete',
          '"response":{"status":"incomplete","incomplete_details":{"reason":"content_filter"}}',
        ),
    )
    const answer = await collectAnswer(modelOf().chat(nativeRequest(true), createCallContext()))
    expect(answer).toMatchObject({ reasoning: 'Hm.', refusal: 'No.', finishReason: 'content_filter' })
  })
})

describe('its whole answer', () => {
  it('keeps every byte, and says the same in the words of OpenAI chat', async () => {
    const [completion] = await eventsOf(nativeRequest(false))
    expect(completion).toMatchObject({ type: 'completion', native: { json: wholeResponse } })
    const answer = await collectAnswer(modelOf().chat(nativeRequest(false), createCallContext()))
    expect(answer).toMatchObject({ text: 'Sunny.', finishReason: 'tool_calls' })
    expect(answer.toolCalls.map(({ function: called }) => called)).toEqual([
      { name: 'agents__spawn', arguments: '{"city":"Paris"}' },
      { name: 'apply_patch', arguments: '{"input":"*** Begin Patch"}' },
    ])
    expect(answer.end.usage).toMatchObject({ prompt_tokens: 44, completion_tokens: 212 })
  })

  it('that was cut off says so', async () => {
    server.reply = (response) => {
      sendJson(response, {
        id: 'resp_1',
        status: 'incomplete',
        incomplete_details: { reason: 'max_output_tokens' },
        output: [],
      })
    }
    const answer = await collectAnswer(modelOf().chat(nativeRequest(false), createCallContext()))
    expect(answer.finishReason).toBe('length')
  })
})

const failing = (fields: string): string => responseFrame('response.failed', `"response":{"status":"failed",${fields}}`)
const error = '"error":{"code":"rate_limit_exceeded","message":"Too fast for key-canary"}'

describe('an answer that is none', () => {
  it.each([
    ['a stream that stops', streamingFrames(responseBeginning), 'upstream_stream_truncated'],
    [
      'an end that is a failure',
      streamingFrames(
        responseBeginning + responseFrame('response.completed', `"response":{"status":"failed",${error}}`),
      ),
      'rate_limit_exceeded',
    ],
    ['response.failed', streamingFrames(responseBeginning + failing(error)), 'rate_limit_exceeded'],
    ['response.failed without a reason', streamingFrames(failing('"error":null')), 'upstream_error'],
    [
      'an error event',
      streamingFrames(responseFrame('error', '"code":"rate_limit_exceeded","message":"x"')),
      'rate_limit_exceeded',
    ],
    [
      'an error as the chat API writes it',
      streamingFrames('data: {"error":{"message":"x","code":"insufficient_quota"}}\n\n'),
      'upstream_quota_exhausted',
    ],
    ['frames of something else', streamingFrames('data: nonsense\n\n'), 'upstream_malformed'],
    [
      'nothing',
      streamingFrames(responseFrame('response.completed', '"response":{"status":"completed","output":[]}')),
      'upstream_empty_response',
    ],
    ['a status', refusing(400, { error: { message: 'No.' } }), 'upstream_bad_request'],
  ])('%s, streamed', async (_name, reply, code) => {
    const thrown = await errorOf(reply)
    expect(thrown).toMatchObject({ code })
    expect(String(thrown)).not.toContain('key-canary')
  })

  it.each([
    ['failed', { status: 'failed', error: { code: 'server_error', message: 'x' }, output: [] }, 'upstream_error'],
    ['empty', { status: 'completed', error: null, output: [] }, 'upstream_empty_response'],
    ['of another kind', { choices: [] }, 'upstream_malformed'],
  ])('%s, whole', async (_name, body, code) => {
    expect(await errorOf(refusing(200, body), false)).toMatchObject({ code })
  })

  it.each([true, false])('is ended where it grows too long (streamed: %s)', async (stream) => {
    expect(await errorOf(recordedResponse(), stream, modelOf({ maxAnswerCharacters: 5 }))).toMatchObject({
      code: 'upstream_output_limit',
    })
  })
})

describe('a server without the path', () => {
  const noPath = refusing(404, { error: { message: 'Not Found' } })
  const textOf = async (model: ChatModel, heldBy?: string): Promise<string> => {
    const request = nativeRequest(true, heldBy === undefined ? {} : { heldBy })
    return (await collectAnswer(model.chat(request, createCallContext()))).text
  }

  it('is asked over the chat API, and not tried again once that has answered', async () => {
    const model = modelOf()
    server.reply = noPath
    expect([await textOf(model), await textOf(model)]).toEqual(['over chat', 'over chat'])
    expect(server.calls).toHaveLength(1)
  })

  it('is tried again where the chat API has no answer either', async () => {
    const failing = wrapModel(createSayingModel('big', ''), () => {
      throw new Error('No such model.')
    })
    const model = modelOf({}, failing)
    server.reply = noPath
    await expect(textOf(model)).rejects.toThrow('No such model.')
    server.reply = recordedResponse()
    expect(await textOf(model)).toBe('Sunny.')
  })

  it('is told from one that no longer has a response', async () => {
    const model = modelOf()
    server.reply = noPath
    expect(await textOf(model, 'openai')).toBe('over chat')
    server.reply = recordedResponse()
    expect(await textOf(model)).toBe('Sunny.')
  })
})

describe('hosts that speak it', () => {
  it.each([
    ['api.openai.com', true],
    ['mine.openai.azure.com', true],
    ['api.x.ai', true],
    ['localhost:1234', false],
    ['api.openai.com.evil.example', false],
  ])('%s: %s', (host, expected) => {
    expect(speaksResponses(host)).toBe(expected)
  })
})
