/** The Messages API in, the Messages API out: between a client and a model of Anthropic nothing is lost. */
import Anthropic from '@anthropic-ai/sdk'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type FakeUpstream, startFakeUpstream } from '../src/testing/fake-upstream.ts'
import {
  messageFrame,
  recordedMessage,
  streamBeginning,
  streamEnding,
  wholeMessage,
} from '../src/testing/messages-upstream.ts'
import { runConfig } from '../src/testing/run-config.ts'
import type { RunningGateway } from '../src/testing/run-gateway.ts'

let upstream: FakeUpstream
let gateway: RunningGateway

const config = (baseUrl: string): string => `
upstreams:
  claude: { kind: anthropic, base_url: "${baseUrl}", api_key: key-of-the-config, max_retries: 0 }
models:
  - { id: sonnet, upstream: claude, name: claude-x }
  - { id: polite, upstream: claude, name: claude-x, params: { max_tokens: 77 } }
mixtures:
  - { name: both, description: Anything, workers: [sonnet, polite], aggregate: sonnet, grace_ms: 0 }
router:
  default: sonnet
  rules: [{ when: { matches: "." }, use: sonnet }]
`

beforeEach(async () => {
  upstream = await startFakeUpstream(recordedMessage)
  gateway = await runConfig(config(upstream.baseUrl))
})

afterEach(async () => {
  await gateway.close()
  await upstream.close()
})

const bodyFor = (model: string, stream: boolean): string =>
  `{"model": ${JSON.stringify(model)}, "max_tokens": 128000, "stream": ${String(stream)},
    "system": [{"type":"text","text":"Be brief.","cache_control":{"type":"ephemeral","ttl":"1h"}}],
    "thinking": {"type":"adaptive"}, "context_management": {"edits":[]}, "unheard_of": {"number": 1e3},
    "tools": [{"type":"web_search_20260318","name":"web_search"}],
    "messages": [{"role":"user","content":[{"type":"text","text":"Hi","citations":null}]}]}`

function post(body: string): Promise<Response> {
  return fetch(`${gateway.url}/v1/messages?beta=true`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'anthropic-version': '2023-06-01',
      'anthropic-beta': 'context-management-2025-06-27',
      'x-api-key': 'key-of-the-caller',
    },
    body,
  })
}

describe.each(['sonnet', 'mollmr/sonnet', 'router'])('a request for %s', (model) => {
  it.each([true, false])('reaches the upstream byte for byte; streamed: %s', async (stream) => {
    const response = await post(bodyFor(model, stream))
    await response.text()
    const [call] = upstream.calls
    expect(call?.path).toBe('/v1/messages')
    expect(call?.text).toBe(bodyFor(model, stream).replace(JSON.stringify(model), '"claude-x"'))
    expect(call?.headers).toMatchObject({
      'anthropic-beta': 'context-management-2025-06-27',
      'x-api-key': 'key-of-the-config',
    })
    expect(response.headers.get('x-mollmr-model')).toBe('sonnet')
  })

  it('is answered with the same frames, under the name that was asked for', async () => {
    const text = await (await post(bodyFor(model, true))).text()
    const written = (streamBeginning + streamEnding).replace(messageFrame('ping', {}), '')
    expect(text.replaceAll(messageFrame('ping', {}), '')).toBe(
      written.replace('"model":"claude-x"', `"model":"${model}"`),
    )
  })

  it('is answered whole with the same message', async () => {
    const text = await (await post(bodyFor(model, false))).text()
    expect(text).toBe(JSON.stringify({ ...wholeMessage, model }))
  })
})

describe('the official client', () => {
  it('gets thinking with its signature, and brings it back', async () => {
    const client = new Anthropic({ baseURL: gateway.url, apiKey: 'any' })
    const tools = [{ name: 'weather', input_schema: { type: 'object' as const } }]
    const question = { role: 'user' as const, content: 'Weather in Paris?' }
    const asked = { model: 'sonnet', max_tokens: 64_000, thinking: { type: 'adaptive' as const }, tools }
    const message = await client.messages.stream({ ...asked, messages: [question] }).finalMessage()
    expect(message.content.map(({ type }) => type)).toEqual(['thinking', 'text', 'tool_use'])
    const answered = { type: 'tool_result' as const, tool_use_id: 'toolu_1', content: 'sunny' }
    const messages = [
      question,
      { role: 'assistant' as const, content: message.content },
      { role: 'user' as const, content: [answered] },
    ]
    await client.messages.stream({ ...asked, messages }).finalMessage()
    expect(upstream.calls[1]?.body.messages[1]?.content).toMatchObject([
      { type: 'thinking', thinking: 'Let me look.', signature: 'EqQBCg' },
      { type: 'text' },
      { type: 'tool_use', id: 'toolu_1', input: { city: 'Paris' } },
    ])
  })
})

describe('what somebody changes on the way', () => {
  it('goes over the bridge: a model with params of its own', async () => {
    await (await post(bodyFor('polite', true))).text()
    const [call] = upstream.calls
    expect(call?.body).toMatchObject({ model: 'claude-x', max_tokens: 77 })
    expect(call?.body).not.toHaveProperty('unheard_of')
  })

  it("goes over the bridge: the workers of a mixture, and its answer is the mixture's own", async () => {
    const text = await (await post(bodyFor('both', true))).text()
    expect(upstream.calls.length).toBeGreaterThan(1)
    for (const { body } of upstream.calls) expect(body).not.toHaveProperty('unheard_of')
    expect(text).not.toContain('msg_01')
    expect(text).toContain('"model":"both"')
  })
})

describe('the trace of a bypass', () => {
  it('has its usage, as the upstream counted it', async () => {
    await (await post(bodyFor('sonnet', true))).text()
    await expect.poll(() => gateway.traces.length).toBe(1)
    expect(gateway.traces[0]?.ledger()).toMatchObject([
      { outcome: 'ok', source: 'reported', usage: { promptTokens: 30, completionTokens: 40, cachedTokens: 18 } },
    ])
  })
})
