/** What one request may change, over real HTTP: members, strategy, budget; and that none of it reaches an upstream. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type FakeUpstream, saying, startFakeUpstream } from '../src/testing/fake-upstream.ts'
import { runConfig } from '../src/testing/run-config.ts'
import type { RunningGateway } from '../src/testing/run-gateway.ts'

let upstream: FakeUpstream
let gateway: RunningGateway

const config = (server: string): string => `
server: { ${server} }
upstreams: { up: { kind: openai, base_url: "${upstream.baseUrl}", max_retries: 0 } }
models:
  - { id: a, upstream: up, price: { input: 1, output: 1 } }
  - { id: b, upstream: up, price: { input: 1, output: 1 } }
  - { id: c, upstream: up, price: { input: 100, output: 100 } }
mixtures:
  - { name: generic, workers: [a, b, c], aggregate: c, system_prompt: "Be brief." }
`

beforeEach(async () => {
  upstream = await startFakeUpstream((response, call) => saying(`I am ${call.body.model}.`)(response, call))
  gateway = await runConfig(config(''))
})

afterEach(async () => {
  await gateway.close()
  await upstream.close()
})

const messages = [{ role: 'user', content: 'Who are you?' }]

function askedModels(): string[] {
  return upstream.calls.map(({ body }) => body.model).sort()
}

describe('members that a request names', () => {
  it('answer as a mixture of its own, with the prompts of the one that is asked for', async () => {
    const mollmr = { workers: ['mollmr/a', 'a'], aggregate: 'b' }
    const response = await gateway.chat({ model: 'mollmr/generic', messages, mollmr })
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({
      model: 'mollmr/generic',
      choices: [{ message: { content: 'I am b.' } }],
    })
    expect(response.headers.get('x-mollmr-route')).toBe('plan:a*2>b')
    expect(askedModels()).toEqual(['a', 'a', 'b'])
    for (const { body } of upstream.calls) {
      expect(body).not.toHaveProperty('mollmr')
      expect(JSON.stringify(body.messages)).toContain('Be brief.')
    }
  })

  it('write another answer of the same drafts, where the aggregate alone is another', async () => {
    await gateway.chat({ model: 'generic', messages })
    const again = await gateway.chat({ model: 'generic', messages, mollmr: { aggregate: 'b' } })
    expect(await again.json()).toMatchObject({ choices: [{ message: { content: 'I am b.' } }] })
    expect(again.headers.get('x-mollmr-attempts')).toBe('1')
    expect(askedModels()).toEqual(['a', 'b', 'b', 'c', 'c'])
    const others = await gateway.chat({
      model: 'generic',
      messages,
      mollmr: { workers: ['a', 'b', 'c'], aggregate: 'b' },
    })
    expect(others.headers.get('x-mollmr-attempts')).toBe('4')
  })

  it('are refused by their path where nobody has such a name', async () => {
    const response = await gateway.chat({ model: 'generic', messages, mollmr: { workers: ['a', 'bb'] } })
    expect(response.status).toBe(404)
    expect(await response.json()).toMatchObject({ error: { code: 'model_not_found', param: 'mollmr.workers[1]' } })
    expect(upstream.calls).toHaveLength(0)
  })

  it('are refused where the config does not allow them', async () => {
    const strict = await runConfig(config('overrides: [strategy]'))
    const refused = await strict.chat({ model: 'generic', messages, mollmr: { workers: ['a'] } })
    expect([
      refused.status,
      (await strict.chat({ model: 'generic', messages, mollmr: { strategy: 'vote' } })).status,
    ]).toEqual([400, 200])
    await strict.close()
  })
})

describe('the budget of a request', () => {
  it('makes a mixture smaller, and says so', async () => {
    const response = await gateway.chat({ model: 'generic', messages, mollmr: { budget: { max_calls: 3 } } })
    expect(response.headers.get('x-mollmr-degraded')).toBe('2/3')
    expect(askedModels()).toEqual(['a', 'b', 'c'])
  })

  it('refuses with the estimate, before anybody is asked', async () => {
    const budget = { max_cost_usd: 0.001, on_budget: 'refuse' }
    const response = await gateway.chat({ model: 'generic', messages, mollmr: { budget } })
    expect(response.status).toBe(402)
    expect(await response.json()).toMatchObject({
      error: {
        code: 'budget_exceeded',
        message: expect.stringMatching(/take 4 calls, \d+ tokens and [\d.]+ USD/) as string,
      },
    })
    expect(upstream.calls).toHaveLength(0)
  })

  it('holds for a single model too', async () => {
    const budget = { max_tokens: 100 }
    const tooMuch = await gateway.chat({ model: 'a', messages, max_tokens: 200, mollmr: { budget } })
    expect([tooMuch.status, upstream.calls.length]).toEqual([402, 0])
    expect((await gateway.chat({ model: 'a', messages, max_tokens: 50, mollmr: { budget } })).status).toBe(200)
  })
})

describe('what a request has taken', () => {
  it('stands in the headers of an answer, exact where every price is known', async () => {
    const response = await gateway.chat({ model: 'generic', messages })
    const { usage } = (await response.json()) as { usage: { mollmr: { calls: number; cost_usd: number } } }
    expect(usage.mollmr.calls).toBe(4)
    expect(response.headers.get('x-mollmr-attempts')).toBe('4')
    expect(Number(response.headers.get('x-mollmr-cost-usd'))).toBeCloseTo(usage.mollmr.cost_usd, 9)
  })

  it('stands in the headers of an error', async () => {
    await upstream.close()
    const response = await gateway.chat({ model: 'a', messages })
    expect([response.status, response.headers.get('x-mollmr-attempts')]).toEqual([502, '1'])
    expect(response.headers.get('x-mollmr-cost-usd')).toBe('0')
  })

  it('stands in the usage of a stream', async () => {
    const body = { model: 'generic', messages, stream: true, stream_options: { include_usage: true } }
    const response = await gateway.chat(body)
    expect(response.headers.get('x-mollmr-attempts')).toBeNull()
    expect(await response.text()).toMatch(/"mollmr":\{"calls":4,[^}]*"cost_usd":[\d.]+/)
  })
})
