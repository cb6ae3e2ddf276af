import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../config/parse-config.ts'
import { consequencesOf } from './consequences.ts'
import { findingOf, type Mark } from './finding.ts'
import { type ModelReport, unasked } from './probe-models.ts'

const models = `
upstreams: { up: { kind: simulated } }
models: [{ id: a, upstream: up }, { id: b, upstream: up }, { id: c, upstream: up }, { id: z, upstream: up }]
`

interface State {
  readonly answer?: Mark
  readonly tools?: Mark
  readonly json?: Mark
}

/** `id: [mark] message` of all that follows where these models are as they are, and all others well. */
function following(written: string, states: Readonly<Record<string, State>>): string[] {
  const { config } = parseConfig({ text: models + written, path: 'c.yaml', env: {} })
  const check = (mark: Mark = 'ok'): ModelReport['checks']['answer'] => unasked(findingOf(mark, ''))
  const reports = ['a', 'b', 'c', 'z'].map((id): ModelReport => {
    const { answer, tools, json } = states[id] ?? {}
    return { id, upstream: 'up', checks: { answer: check(answer), tools: check(tools), json: check(json) } }
  })
  return consequencesOf(config, reports).map(({ id, mark, message }) => `${id}: [${mark}] ${message}`)
}

const fails: State = { answer: 'failed', tools: 'skipped', json: 'skipped' }
const trio = 'mixtures: [{ name: trio, workers: [a, b, { model: c, samples: 2 }], aggregate: z }]'

describe('what follows for a mixture', () => {
  it('is nothing where all is well, and where a worker cannot what only the aggregate must', () => {
    expect(following(trio, {})).toEqual([])
    expect(following(trio, { a: { tools: 'no', json: 'no' }, z: { answer: 'no' } })).toEqual([])
  })

  it('is fewer drafts where a worker fails', () => {
    expect(following(trio, { c: fails })).toEqual(['trio: [warning] makes its answers of 2 of 4 drafts: c fails'])
  })

  it('is no answer where too few are left', () => {
    expect(following(trio, { a: fails, b: fails, c: fails })).toEqual([
      'trio: [failed] has no answer: a, b, c fail, and no other worker is there',
    ])
    const three = trio.replace('aggregate: z', 'aggregate: z, min_workers: 3')
    expect(following(three, { c: fails })).toEqual([
      'trio: [failed] has no answer: c fails, and 2 of 4 drafts are fewer than min_workers: 3',
    ])
  })

  it('is the aggregate alone where that is allowed', () => {
    const none = 'mixtures: [{ name: m, workers: [a], aggregate: z, min_workers: 0 }]'
    expect(following(none, { a: fails })).toEqual(['m: [warning] is its aggregate alone: a fails'])
    expect(following(none, { a: fails, z: fails })).toEqual([
      'm: [failed] has no answer: a fails, and no other worker is there',
    ])
  })

  it('is another writer where the aggregate fails', () => {
    expect(following(trio, { z: fails })).toEqual([
      'trio: [warning] gives its best draft for an answer: its aggregate z fails',
    ])
    const spare = trio.replace('aggregate: z', 'aggregate: z, aggregate_fallbacks: [a]')
    expect(following(spare, { z: fails })).toEqual(['trio: [warning] asks a in its place: its aggregate z fails'])
    expect(following('mixtures: [{ name: m, aggregate: z }]', { z: fails })).toEqual([
      'm: [failed] has no answer: its aggregate z fails',
    ])
  })

  it('is words for tools, and answers out of form, where the aggregate cannot do better', () => {
    const cannot: State = { tools: 'no', json: 'no' }
    expect(following(trio, { z: cannot })).toEqual([
      'trio: [warning] answers in words where tools are offered: its aggregate z calls none',
      'trio: [warning] may fail where response_format asks for a schema: its aggregate z does not keep to one',
    ])
    const select = trio.replace('name: trio', 'name: trio, strategy: select, tools: select')
    expect(following(select, { z: cannot })).toEqual([])
  })

  it('goes through mixtures within mixtures', () => {
    const nested = `
mixtures:
  - { name: inner, workers: [a, b], aggregate: c }
  - { name: outer, workers: [inner, c], aggregate: z }`
    expect(following(nested, { a: fails, b: fails })).toEqual([
      'inner: [failed] has no answer: a, b fail, and no other worker is there',
      'outer: [warning] makes its answers of 1 of 2 drafts: inner fails',
    ])
  })
})

describe('what follows for the router', () => {
  const routed = `${trio}
router:
  model: a
  side_model: b
  default: c
  rules: [{ when: { tools: true }, use: z }]
  compose: { pool: [a, b, z] }`

  it('is nothing where all is well', () => {
    expect(following(routed, {})).toEqual([])
  })

  it('is what each of its models is there for', () => {
    const lines = following(routed, { a: fails, b: fails, c: fails, z: fails })
    expect(lines.filter((line) => line.startsWith('router'))).toEqual([
      'router: [failed] has no default: c fails',
      'router: [warning] chooses by rules, its scorer and its default: a fails',
      'router: [warning] has nobody for titles and the like: b fails',
      'router: [warning] has rules that lead to z, which fails',
      'router: [warning] may compose mixtures with a, b, z, which fail',
    ])
  })

  it('fails as a worker where its default does', () => {
    const around = `
mixtures: [{ name: m, workers: [router, a], aggregate: z }]
router: { default: b }`
    expect(following(around, { b: fails })).toEqual([
      'm: [warning] makes its answers of 1 of 2 drafts: router fails',
      'router: [failed] has no default: b fails',
    ])
  })
})
