import { expect, it } from 'vitest'
import { type Estimate, type Explanation, forecastLines, forecastSum } from './explanation.ts'

const estimate: Estimate = { calls: 3, total_tokens: 2422, cost_usd: 0.25, known_cost_usd: 0.25, ms: 5200 }
const model = (id: string): Explanation => ({ kind: 'model', id, estimate })
const mixture: Explanation = {
  ...{ kind: 'mixture', id: 'generic', estimate, strategy: 'synthesize', bypass: null, budget: 'fits' },
  workers: [{ ...model('a'), label: 'a' }],
  aggregate: [model('z')],
}

it('says who would be asked, and why', () => {
  const router = { kind: 'router', id: 'router', estimate, source: 'scorer', would_ask: null, plan: null } as const
  expect(forecastLines({ ...router, route: mixture }).map(({ depth, text }) => '  '.repeat(depth) + text)).toEqual([
    'router chooses generic (scorer)',
    '  generic: synthesize',
    '    worker a',
    '    aggregate z',
  ])
  expect(forecastLines({ ...router, would_ask: 'small', route: model('z') })[0]?.text).toBe(
    'router chooses z (small is asked first and may choose otherwise)',
  )
})

it('says what a budget does', () => {
  expect(forecastLines({ ...mixture, budget: 'bypass', bypass: 'over budget' })[0]?.text).toBe(
    'generic: the aggregate alone, over budget; the budget says bypass',
  )
})

it('says what it would take, and what of it is not known', () => {
  expect(forecastSum(estimate)).toBe('3 calls, at most about 2,422 tokens, $0.25, about 5.2 s')
  expect(forecastSum({ ...estimate, calls: 1, cost_usd: null, ms: null })).toBe(
    '1 call, at most about 2,422 tokens, at least $0.25, time not known yet',
  )
  expect(forecastSum({ ...estimate, cost_usd: null, known_cost_usd: 0 })).toContain('price not known')
})
