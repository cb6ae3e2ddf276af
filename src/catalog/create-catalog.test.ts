import { describe, expect, it } from 'vitest'
import { runConfig } from '../testing/run-config.ts'

describe('a router as a worker of a mixture', () => {
  it('hands on to any mixture but those that ask it', async () => {
    const gateway = await runConfig(`
upstreams: { sim: { kind: simulated } }
models: [{ id: a, upstream: sim }, { id: b, upstream: sim }]
mixtures:
  - { name: inner, description: General questions., workers: [a, b], aggregate: a }
  - { name: middle, workers: [router, b], aggregate: b }
router: { default: inner }
`)
    const messages = [{ role: 'user', content: 'Why do leaves fall?' }]
    const answered = await gateway.chat({ model: 'middle', messages })
    expect([answered.status, answered.headers.get('x-mollmr-model')]).toEqual([200, 'b'])
    const [trace] = gateway.traces
    const worker = trace?.spans().find(({ stage, name }) => stage === 'worker' && name === 'router')
    expect(worker?.attributes).toMatchObject({ route: 'inner', strategy: 'synthesize' })
    expect(
      trace
        ?.ledger()
        .map(({ requested }) => requested)
        .sort(),
    ).toEqual(['a', 'a', 'b', 'b', 'b'])

    const named = await gateway.chat({ model: 'router', messages, mollmr: { mixture: 'middle' } })
    expect(await named.json()).toMatchObject({ error: { param: 'mollmr.mixture' } })
    await gateway.close()
  })
})

describe('max_workers of a config', () => {
  it('is the limit of the mixture, also where a request names another aggregate', async () => {
    const gateway = await runConfig(`
upstreams: { sim: { kind: simulated } }
models: [{ id: a, upstream: sim }, { id: b, upstream: sim }]
mixtures: [{ name: many, strategy: race, max_workers: 20, workers: [{ model: a, samples: 20 }], aggregate: a }]
`)
    const asked = await gateway.chat({
      model: 'many',
      messages: [{ role: 'user', content: 'Hi' }],
      mollmr: { aggregate: 'b' },
    })
    expect(asked.status).toBe(200)
    await asked.text()
    expect(gateway.traces[0]?.spans().filter(({ stage }) => stage === 'worker')).toHaveLength(20)
    await gateway.close()
  })
})
