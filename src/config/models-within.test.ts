import { expect, it } from 'vitest'
import { modelsWithin } from './models-within.ts'
import { parseConfig } from './parse-config.ts'

const { config } = parseConfig({
  text: `
upstreams: { up: { kind: simulated } }
models: [{ id: a, upstream: up }, { id: b, upstream: up }, { id: c, upstream: up }, { id: d, upstream: up }]
mixtures:
  - { name: inner, workers: [a], aggregate: b }
  - { name: outer, workers: [inner, b], aggregate: c }
router: { default: inner, rules: [{ when: { tools: true }, use: d }] }
`,
  path: 'c.yaml',
  env: {},
})

it.each([
  ['a', ['a']],
  ['inner', ['a', 'b']],
  ['outer', ['a', 'b', 'c']],
  ['router', ['a', 'b', 'd']],
])('the models within %s', (id, expected) => {
  expect([...modelsWithin(id, config)].toSorted()).toEqual(expected)
})
