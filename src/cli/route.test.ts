import { describe, expect, it } from 'vitest'
import { createCatalog } from '../catalog/create-catalog.ts'
import { createEngines } from '../catalog/engines.ts'
import { parseConfig } from '../config/parse-config.ts'
import { explainRoute, type RouteQuestion } from './route.ts'
import type { Terminal } from './terminal.ts'

const text = `
upstreams: { nobody: { kind: openai, base_url: "http://127.0.0.1:9/v1" } }
models:
  - { id: a, upstream: nobody, price: { input: 1, output: 2 } }
  - { id: b, upstream: nobody }
  - { id: small, upstream: nobody }
mixtures:
  - { name: coder, description: "Python programs and their bugs", workers: [{ model: a, samples: 2 }], aggregate: b }
  - { name: facts, description: "Sums and numbers", workers: [a, b], aggregate: b, budget: { max_calls: 2 } }
router: { model: small, default: facts }
`

function printed(question: Partial<RouteQuestion>): string {
  const { config } = parseConfig({ text, path: 'test.yaml', env: {} })
  let out = ''
  const style = { bold: String, dim: String, red: String, green: String, yellow: String }
  const terminal: Terminal = {
    out: (said) => (out += said),
    err: () => undefined,
    isLive: false,
    style,
    outStyle: style,
  }
  explainRoute(createCatalog(config, createEngines()), terminal, {
    model: 'router',
    question: 'Why is the sky blue?',
    json: false,
    ...question,
  })
  return out
}

describe('mollmr route', () => {
  it('says what runs, why, and what that is expected to take', () => {
    const lines = printed({ question: 'Find the bugs in these Python programs.' }).split('\n')
    expect(lines).toEqual([
      expect.stringMatching(/^router -> coder \(scorer, 1\.00\); scores: coder \d\.\d, facts 0\.0$/),
      '  coder: synthesize, quorum 2',
      '    worker a',
      '    worker a#2: a',
      '    aggregate b',
      expect.stringMatching(
        /^expected: 3 calls, \d+ tokens and [\d.]+ USD \(the price of b is not known\), time not known yet$/,
      ),
      '',
    ])
  })

  it('says where a model would be asked, and what stands without it', () => {
    expect(printed({})).toContain('router -> facts (default; "small" would be asked and may choose otherwise)')
  })

  it('says what the budget leaves of a mixture', () => {
    expect(printed({ model: 'facts' })).toContain('facts: the aggregate alone (budget)\n  aggregate b\n')
  })

  it('says the same as JSON', () => {
    expect(JSON.parse(printed({ json: true }))).toMatchObject({
      model: 'router',
      kind: 'router',
      source: 'default',
      would_ask: 'small',
      route: { kind: 'mixture', id: 'facts', bypass: 'budget', budget: 'bypass', workers: [] },
      estimate: { calls: 2, cost_usd: null, unpriced: ['small', 'b'], ms: null },
    })
  })
})
