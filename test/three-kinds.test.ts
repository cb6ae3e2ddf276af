/** A mixture whose workers are of three kinds, each behind a server that speaks that kind's own wire format. */
import { LLMock } from '@copilotkit/aimock'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runConfig } from '../src/testing/run-config.ts'
import type { RunningGateway } from '../src/testing/run-gateway.ts'

let mock: LLMock
let gateway: RunningGateway

const config = (url: string): string => `
upstreams:
  openai: { kind: openai, base_url: "${url}/v1", max_retries: 0 }
  claude: { kind: anthropic, base_url: "${url}", api_key: "\${CLAUDE_KEY}", max_retries: 0 }
  gemini: { kind: google, base_url: "${url}", api_key: "\${GEMINI_KEY}", max_retries: 0 }
  mistral: { kind: ai-sdk, package: "@ai-sdk/mistral", options: { baseURL: "${url}/v1", apiKey: x }, max_retries: 0 }
models:
  - { id: gpt, upstream: openai, name: gpt-5-mini, price: { input: 1, output: 10 } }
  - { id: claude, upstream: claude, name: claude-sonnet-5, price: { input: 1, output: 10 }, params: { reasoning_effort: low } }
  - { id: gemini, upstream: gemini, name: gemini-3-flash, price: { input: 1, output: 10 } }
  - { id: mistral, upstream: mistral, name: mistral-small }
mixtures:
  - { name: three, workers: [gpt, claude, gemini], aggregate: claude, quorum: 3 }
  - { name: three-vote, strategy: vote, workers: [gpt, claude, gemini], aggregate: mistral, quorum: 3 }
`

const usages = {
  gpt: { prompt_tokens: 10, completion_tokens: 1 },
  claude: { input_tokens: 20, output_tokens: 2 },
  gemini: { promptTokenCount: 30, candidatesTokenCount: 3, totalTokenCount: 33 },
}

beforeEach(async () => {
  mock = new LLMock({ port: 0, host: '127.0.0.1' })
  await mock.start()
  const isMerge = (text: string): boolean => text.includes('draft')
  mock.on(
    { predicate: ({ messages }) => isMerge(JSON.stringify(messages)) },
    { content: 'Merged: it is 42.', usage: usages.claude },
  )
  mock.on({ model: /^gpt/ }, { content: 'GPT says it is 42.\n\n#### 42', usage: usages.gpt })
  mock.on({ model: /^claude/ }, { content: 'Claude says it is 42.\n\n#### 42', usage: usages.claude })
  mock.on({ model: /^gemini/ }, { content: 'Gemini says it is 41.\n\n#### 41', usage: usages.gemini })
  mock.on({ model: /^mistral/ }, { content: 'Mistral says it is 42.' })
  gateway = await runConfig(config(mock.url), { CLAUDE_KEY: 'claude-canary', GEMINI_KEY: 'gemini-canary' })
})

afterEach(async () => {
  await gateway.close()
  await mock.stop()
})

const messages = [
  { role: 'user', content: 'What is 6 times 7, and how would you explain it to a child of eight years?' },
]

interface Completion {
  readonly choices: readonly { readonly message: { readonly content: string } }[]
  readonly usage: {
    readonly mollmr: { readonly calls: number; readonly prompt_tokens: number; readonly cost_usd: number }
  }
}

describe('a mixture of three kinds', () => {
  it('asks each in its own wire format, and merges what they say', async () => {
    const response = await gateway.chat({ model: 'three', messages })
    const { choices, usage } = (await response.json()) as Completion
    expect(choices[0]?.message.content).toBe('Merged: it is 42.')
    expect(
      mock
        .getRequests()
        .map(({ path }) => path)
        .toSorted(),
    ).toEqual([
      '/v1/chat/completions',
      '/v1/messages',
      '/v1/messages',
      '/v1beta/models/gemini-3-flash:streamGenerateContent?alt=sse',
    ])
    const merge = JSON.stringify(mock.getRequests().at(-1)?.body)
    for (const name of ['GPT', 'Claude', 'Gemini']) expect(merge).toContain(`${name} says`)
    expect(usage.mollmr).toMatchObject({ calls: 4, prompt_tokens: 10 + 20 + 30 + 20 })
    expect(usage.mollmr.cost_usd).toBeCloseTo((80 + 10 * (1 + 2 + 3 + 2)) / 1e6, 9)
  })

  it('knows of each call when it was answered, and how much came', async () => {
    await gateway.chat({ model: 'three', messages })
    const rows = gateway.traces.flatMap((trace) => trace.ledger())
    expect(rows.map(({ requested }) => requested).toSorted()).toEqual(['claude', 'claude', 'gemini', 'gpt'])
    for (const { headersMs, bytes } of rows) {
      expect(headersMs).toBeGreaterThan(0)
      expect(bytes).toBeGreaterThan(100)
    }
    expect(new Set(rows.map(({ step }) => step)).size).toBe(4)
  })

  it('votes over them', async () => {
    const { choices } = (await (await gateway.chat({ model: 'three-vote', messages })).json()) as Completion
    expect(choices[0]?.message.content).toMatch(/^(GPT|Claude) says it is 42/)
  })

  it('goes on where one of them refuses its key, and tells it to nobody', async () => {
    const refusal = { error: { message: 'bad key gemini-canary', type: 'authentication_error' }, status: 401 }
    mock.prependFixture({ match: { model: /^gemini/ }, response: refusal })
    const response = await gateway.chat({ model: 'three', messages, mollmr: { quorum: 1 } })
    expect(response.headers.get('x-mollmr-degraded')).toBe('2/3')
    expect(await response.text()).not.toContain('gemini-canary')
    expect(JSON.stringify(gateway.traces.map((trace) => trace.spans()))).not.toContain('gemini-canary')
  })

  it.each(['claude', 'gemini', 'mistral'])('streams a bypass to %s', async (model) => {
    const response = await gateway.chat({ model, messages, stream: true, stream_options: { include_usage: true } })
    const text = await response.text()
    const frames = text.split('\n\n').filter((frame) => frame.startsWith('data: {'))
    const chunks = frames.map(
      (frame) => JSON.parse(frame.slice('data: '.length)) as { readonly id: string; readonly model: string },
    )
    expect(new Set(chunks.map(({ id, model: name }) => `${id} ${name}`)).size).toBe(1)
    expect(text).toContain('"role":"assistant"')
    expect(text).toContain('"finish_reason":"stop"')
    expect(text.trimEnd().endsWith('data: [DONE]')).toBe(true)
  })
})

describe('a config whose provider package is missing', () => {
  it('does not start, and says how the package is installed', async () => {
    const text = `
upstreams: { rock: { kind: ai-sdk, package: "@ai-sdk/not-there", options: { apiKey: canary } } }
models: [{ id: a, upstream: rock }]
mixtures: [{ name: m, aggregate: a }]`
    await expect(runConfig(text)).rejects.toThrow(/Upstream "rock" needs.*npm install @ai-sdk\/not-there$/)
  })
})
