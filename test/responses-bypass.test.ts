/** The Responses API in, the Responses API out: between a client and a server that speaks it nothing is lost. */
import { readFileSync } from 'node:fs'
import OpenAI from 'openai'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  type FakeUpstream,
  refusing,
  saying,
  startFakeUpstream,
  type UpstreamReply,
} from '../src/testing/fake-upstream.ts'
import { streamingFrames } from '../src/testing/messages-upstream.ts'
import {
  recordedResponse,
  responseBeginning,
  responseEnding,
  unheardOf,
  wholeResponse,
} from '../src/testing/responses-upstream.ts'
import { runConfig } from '../src/testing/run-config.ts'
import type { RunningGateway } from '../src/testing/run-gateway.ts'

let upstream: FakeUpstream
let gateway: RunningGateway
let client: OpenAI

const config = (baseUrl: string): string => `
upstreams:
  hosted: { kind: openai, base_url: "${baseUrl}", api_key: key-of-the-config, responses: true, max_retries: 1 }
  local: { kind: openai, base_url: "${baseUrl}", max_retries: 0 }
models:
  - { id: big, upstream: hosted, name: gpt-x }
  - { id: bigger, upstream: hosted, name: gpt-xl }
  - { id: other, upstream: local }
  - { id: polite, upstream: hosted, name: gpt-x, params: { max_tokens: 77 } }
mixtures:
  - { name: both, description: Anything, workers: [big, other], aggregate: other, grace_ms: 0 }
router:
  default: big
  rules: [{ when: { matches: "." }, use: big }]
`

/** The chat API beside the Responses API. */
const bothApis =
  (native: UpstreamReply): UpstreamReply =>
  (response, call) =>
    (call.path === '/v1/responses' ? native : saying('Over chat.'))(response, call)

beforeEach(async () => {
  upstream = await startFakeUpstream(bothApis(recordedResponse()))
  gateway = await runConfig(config(upstream.baseUrl))
  client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'key-of-the-caller', maxRetries: 0 })
})

afterEach(async () => {
  await gateway.close()
  await upstream.close()
})

const bodyFor = (model: string, stream: boolean): string =>
  `{"model": ${JSON.stringify(model)}, "stream": ${String(stream)}, "store":false, "temperature": 1.0,
    "include":["reasoning.encrypted_content"], "reasoning":{"effort":"high","summary":"auto"}, "unheard_of": {"n": 1e3},
    "tools":[{"type":"web_search"},{"type":"namespace","name":"agents","tools":[{"type":"function","name":"spawn"}]}],
    "input":[{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"gAAAA=="},
             {"type":"message","id":"msg_1","role":"user","content":[{"type":"input_text","text":"Hi"}]}]}`

function post(body: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  return fetch(`${gateway.url}/v1/responses`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer key-of-the-caller', ...headers },
    body,
  })
}

/** Without the comments that keep a stream alive. */
const framesIn = (text: string): string => text.replaceAll(/^: .*\n\n/gm, '')
const pathsAsked = (): string[] => upstream.calls.map(({ path }) => path)

describe.each(['big', 'mollmr/big', 'router'])('a request for %s', (model) => {
  it.each([true, false])('reaches the upstream byte for byte; streamed: %s', async (stream) => {
    const response = await post(bodyFor(model, stream), { 'openai-beta': 'responses=v9' })
    await response.text()
    const [call] = upstream.calls
    expect(call?.path).toBe('/v1/responses')
    expect(call?.text).toBe(bodyFor(model, stream).replace(JSON.stringify(model), '"gpt-x"'))
    expect(call?.headers).toMatchObject({
      'openai-beta': 'responses=v9',
      authorization: 'Bearer key-of-the-config',
    })
    expect(response.headers.get('x-mollmr-model')).toBe('big')
    expect(response.headers.get('x-request-id')).toMatch(/^req_/)
  })

  it('is answered with the same frames, under the name that was asked for', async () => {
    const text = await (await post(bodyFor(model, true))).text()
    const written = responseBeginning + responseEnding()
    expect(framesIn(text)).toBe(written.replaceAll('"model":"gpt-x-2026"', `"model":"${model}"`))
  })

  it('is answered whole with the same bytes', async () => {
    const text = await (await post(bodyFor(model, false))).text()
    expect(text).toBe(wholeResponse.replace('gpt-x-2026', model))
  })
})

describe('what Codex sends', () => {
  it('reaches the upstream byte for byte: namespaces, free-text tools, searches, encrypted thoughts', async () => {
    const recorded = readFileSync(new URL('recorded/codex.json', import.meta.url), 'utf8')
    const body = recorded.replace('"mollmr/generic"', '"mollmr/big"')
    const text = await (await post(body, { 'session-id': '0199', originator: 'codex_exec' })).text()
    expect(upstream.calls[0]?.text).toBe(body.replace('"mollmr/big"', '"gpt-x"'))
    expect(upstream.calls[0]?.path).toBe('/v1/responses')
    expect(framesIn(text)).toContain('"encrypted_content":"gAAAAABo_secret-thoughts=="')
  })
})

describe('the official client', () => {
  it('gets encrypted thoughts and brings them back', async () => {
    upstream.reply = streamingFrames((responseBeginning + responseEnding()).replace(unheardOf, ''))
    const asked = { model: 'big', store: false, include: ['reasoning.encrypted_content' as const] }
    const question = { role: 'user' as const, content: 'Weather in Paris?' }
    const first = await client.responses.stream({ ...asked, input: [question] }).finalResponse()
    expect(first.output.map(({ type }) => type)).toEqual([
      'reasoning',
      'web_search_call',
      'message',
      'function_call',
      'custom_tool_call',
    ])
    expect([first.output_text, first.model]).toEqual(['Sunny.', 'big'])
    const items = first.output as OpenAI.Responses.ResponseInputItem[]
    const result = { type: 'function_call_output' as const, call_id: 'call_9', output: 'done' }
    await client.responses.stream({ ...asked, input: [question, ...items, result] }).finalResponse()
    const sent = upstream.calls[1]?.body['input'] as { readonly type?: string }[]
    expect(sent[1]).toMatchObject({ id: first.output[0]?.id, encrypted_content: 'gAAAAABo_secret-thoughts==' })
    expect(sent[2]).toMatchObject({ type: 'web_search_call', status: 'completed' })
  })

  it('gets the same answer whole', async () => {
    const response = await client.responses.create({ model: 'big', input: 'Hi' })
    expect(response).toMatchObject({ output_text: 'Sunny.', model: 'big', unheard_of: {} })
    expect(response._request_id).toMatch(/^req_/)
  })
})

describe('a conversation that goes on by id', () => {
  const result = { type: 'function_call_output' as const, call_id: 'call_9', output: 'done' }

  it.each([true, false])('is sent by that id to the upstream that keeps it; streamed: %s', async (stream) => {
    const streamed = streamingFrames((responseBeginning + responseEnding(true)).replace(unheardOf, ''))
    upstream.reply = bothApis(stream ? streamed : recordedResponse(true))
    const asked = { model: 'big', input: 'Hi' }
    const first = stream ? await client.responses.stream(asked).finalResponse() : await client.responses.create(asked)
    upstream.reply = bothApis(recordedResponse(true))
    await client.responses.create({ model: 'bigger', previous_response_id: first.id, input: [result] })
    expect(upstream.calls[1]?.path).toBe('/v1/responses')
    expect(upstream.calls[1]?.body).toMatchObject({
      model: 'gpt-xl',
      previous_response_id: 'resp_68af4030592c81938ec0a5fbab4a3e9f05438e46b5f69a3b',
      input: [result],
    })
  })

  it('goes to any other model as it was said', async () => {
    upstream.reply = bothApis(recordedResponse(true))
    const first = await client.responses.create({ model: 'big', input: 'Hi' })
    const next = await client.responses.create({ model: 'other', previous_response_id: first.id, input: [result] })
    expect(next.output_text).toBe('Over chat.')
    expect(upstream.calls[1]?.body.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool'])
  })

  it('is sent as it was said where the upstream keeps nothing', async () => {
    const first = await client.responses.create({ model: 'big', input: 'Hi' })
    await client.responses.create({ model: 'big', previous_response_id: first.id, input: [result] })
    expect(pathsAsked()).toEqual(['/v1/responses', '/v1/chat/completions'])
    expect(upstream.calls[1]?.body.messages).toHaveLength(3)
  })

  it('is unknown to us where another instance began it', async () => {
    const asked = client.responses.create({ model: 'big', previous_response_id: 'resp_of_somebody', input: 'Hi' })
    await expect(asked).rejects.toMatchObject({ status: 400, param: 'previous_response_id' })
    expect(upstream.calls).toHaveLength(0)
  })
})

describe('what somebody changes on the way', () => {
  it('goes over the chat API: a model with params of its own', async () => {
    expect((await client.responses.create({ model: 'polite', input: 'Hi' })).output_text).toBe('Over chat.')
    expect(upstream.calls[0]).toMatchObject({ path: '/v1/chat/completions', body: { max_tokens: 77 } })
  })

  it("goes over the chat API: the workers of a mixture, and its answer is the mixture's own", async () => {
    const text = await (await post(bodyFor('both', true))).text()
    expect(new Set(pathsAsked())).toEqual(new Set(['/v1/chat/completions']))
    expect(text).toContain('"model":"both"')
    expect(text).not.toContain('resp_68af')
  })

  it('goes over the chat API: a server that is not known to speak it', async () => {
    expect((await client.responses.create({ model: 'other', input: 'Hi' })).output_text).toBe('Over chat.')
    expect(pathsAsked()).toEqual(['/v1/chat/completions'])
  })
})

describe('an upstream that fails', () => {
  /** Breaks off before an event at first, answers well after that. */
  const breakingBefore = (event: string): void => {
    const half = responseBeginning.slice(0, responseBeginning.indexOf(`event: ${event}\n`))
    upstream.reply = (response, call) => {
      const reply = upstream.calls.length === 1 ? streamingFrames(half) : recordedResponse()
      void reply(response, call)
    }
  }

  it('is asked again until it has shown something', async () => {
    breakingBefore('response.web_search_call.completed')
    const text = await (await post(bodyFor('big', true))).text()
    expect(upstream.calls).toHaveLength(2)
    expect(text.match(/event: response.created/g)).toHaveLength(1)
    expect(text).toContain('event: response.completed')
    await expect.poll(() => gateway.traces[0]?.ledger().length).toBe(2)
  })

  it('is not asked again once the caller has seen it search', async () => {
    breakingBefore('response.output_text.delta')
    const text = await (await post(bodyFor('big', true))).text()
    expect(upstream.calls).toHaveLength(1)
    expect(text).toContain('event: response.failed')
    expect(text).not.toContain('event: response.completed')
  })

  it('in the middle of its answer ends it so that no client takes it for a good end', async () => {
    upstream.reply = (response, call) => {
      void streamingFrames(responseBeginning, false)(response, call)
      response.write('', () => response.socket?.destroy())
    }
    const failed: unknown[] = []
    const read = async (): Promise<void> => {
      const stream = await client.responses.create({ model: 'big', input: 'Hi', stream: true })
      for await (const event of stream) if (event.type === 'response.failed') failed.push(event)
    }
    await expect(read()).rejects.toMatchObject({ code: 'upstream_stream_cut' })
    expect(failed).toMatchObject([
      {
        sequence_number: 11,
        response: { id: 'resp_68af4030592c81938ec0a5fbab4a3e9f05438e46b5f69a3b', model: 'big', status: 'failed' },
      },
    ])
    expect(upstream.calls).toHaveLength(1)
  })

  it('with a status is told with ours', async () => {
    upstream.reply = refusing(401, { error: { message: 'Incorrect API key: key-of-the-config' } })
    const response = await post(bodyFor('big', true))
    expect(response.status).toBe(502)
    const text = await response.text()
    expect(text).toContain('upstream_auth_failed')
    expect(text).not.toContain('key-of-the-config')
  })
})

describe('the trace of a bypass', () => {
  it('has its usage, as the upstream counted it', async () => {
    await (await post(bodyFor('big', true))).text()
    await expect.poll(() => gateway.traces.length).toBe(1)
    expect(gateway.traces[0]?.ledger()).toMatchObject([
      {
        outcome: 'ok',
        source: 'reported',
        resolved: 'gpt-x-2026',
        usage: { promptTokens: 44, completionTokens: 212, cachedTokens: 16, reasoningTokens: 64 },
      },
    ])
  })
})
