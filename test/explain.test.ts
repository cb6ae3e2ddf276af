/** `POST /mollmr/v1/explain` over real HTTP: it says what the same body then does, and asks nobody. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type FakeUpstream, saying, startFakeUpstream } from '../src/testing/fake-upstream.ts'
import { runConfig } from '../src/testing/run-config.ts'
import type { RunningGateway } from '../src/testing/run-gateway.ts'

let upstream: FakeUpstream
let gateway: RunningGateway

const config = (baseUrl: string): string => `
upstreams: { up: { kind: openai, base_url: "${baseUrl}", max_retries: 0 } }
models:
  - { id: a, upstream: up, price: { input: 1, output: 1 } }
  - { id: b, upstream: up, price: { input: 1, output: 1 }, params: { max_tokens: 7 } }
  - { id: c, upstream: up, price: { input: 2, output: 4 } }
mixtures:
  - { name: generic, description: "Anything at all", workers: [a, b], aggregate: c }
  - { name: coder, description: "Python programs and their bugs", strategy: select, workers: [a, b, generic], aggregate: c }
router: { model: a, default: generic }
`

beforeEach(async () => {
  upstream = await startFakeUpstream((response, call) => saying(`I am ${call.body.model}.`)(response, call))
  gateway = await runConfig(config(upstream.baseUrl))
})

afterEach(async () => {
  await gateway.close()
  await upstream.close()
})

const ask = (content: string): readonly object[] => [{ role: 'user', content }]

async function explain(body: object): Promise<{ status: number; json: Record<string, unknown> }> {
  const response = await fetch(`${gateway.url}/mollmr/v1/explain`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return { status: response.status, json: (await response.json()) as Record<string, unknown> }
}

describe('an explanation', () => {
  it('of a router names route, source and estimate, and the answer then is just that', async () => {
    const body = { model: 'mollmr/router', messages: ask('Find the bugs in these Python programs.') }
    const { json } = await explain(body)
    expect(upstream.calls).toHaveLength(0)
    expect(gateway.traces).toHaveLength(0)
    expect(json).toMatchObject({
      object: 'mollmr.explanation',
      model: 'mollmr/router',
      kind: 'router',
      source: 'scorer',
      would_ask: null,
      candidates: [{ id: 'coder' }, { id: 'generic' }],
      route: {
        id: 'coder',
        strategy: 'select',
        budget: 'fits',
        workers: [
          { label: 'a', kind: 'model' },
          { label: 'b' },
          { label: 'generic', kind: 'mixture', workers: [{}, {}] },
        ],
        aggregate: [{ id: 'c', estimate: { completion_tokens: 64 } }],
      },
      estimate: { calls: 6, unpriced: [] },
    })
    const response = await gateway.chat(body)
    expect(response.headers.get('x-mollmr-route')).toBe('coder')
    expect(upstream.calls).toHaveLength(6)
  })

  it('of a single model counts the limit of its config, and once it has answered how long it takes', async () => {
    const body = { model: 'b', messages: ask('Hello?') }
    expect((await explain(body)).json).toMatchObject({ kind: 'model', estimate: { completion_tokens: 7, ms: null } })
    await gateway.chat(body)
    const { estimate } = (await explain(body)).json
    expect(estimate).toMatchObject({ ms: expect.any(Number) as number })
  })

  it('follows the options of the request, and says what their budget leaves', async () => {
    const mollmr = { workers: ['a', 'a', 'b'], aggregate: 'c', budget: { max_calls: 3 } }
    expect((await explain({ model: 'router', messages: ask('Hi'), mollmr })).json).toMatchObject({
      kind: 'mixture',
      id: 'plan:a*2+b>c',
      budget: 'shrink',
      estimate: { calls: 3 },
    })
    const refused = { budget: { max_cost_usd: 1e-9 } }
    expect((await explain({ model: 'a', messages: ask('Hi'), mollmr: refused })).json).toMatchObject({
      budget: 'refuse',
    })
  })

  it('refuses what the chat would refuse', async () => {
    expect(await explain({ model: 'nobody', messages: ask('Hi') })).toMatchObject({
      status: 404,
      json: { error: { code: 'model_not_found', param: 'model' } },
    })
    expect((await explain({ model: 'a', messages: [] })).status).toBe(400)
  })
})
