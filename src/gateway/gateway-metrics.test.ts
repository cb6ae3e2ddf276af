import { afterEach, describe, expect, it } from 'vitest'
import { digestKey } from '../config/key-digest.ts'
import { createSayingModel } from '../testing/fake-model.ts'
import { runConfig } from '../testing/run-config.ts'
import { runGateway, type RunningGateway } from '../testing/run-gateway.ts'

let gateway: RunningGateway

afterEach(async () => {
  await gateway.close()
})

async function read(headers: Record<string, string> = {}): Promise<{ readonly status: number; readonly text: string }> {
  const response = await fetch(`${gateway.url}/metrics`, { headers })
  return { status: response.status, text: await response.text() }
}

describe('GET /metrics', () => {
  it('counts what was asked, what was refused and what runs', async () => {
    gateway = await runGateway([createSayingModel('generic', 'Hello.')])
    const messages = [{ role: 'user', content: 'Hi' }]
    for (const stream of [true, false]) await (await gateway.chat({ model: 'generic', stream, messages })).text()
    await gateway.chat({ model: 'nothing', messages })
    await fetch(`${gateway.url}/v1/models/%zz`)
    while (gateway.traces.length < 2) await new Promise((resolve) => setTimeout(resolve, 1))
    const { text } = await read()
    for (const line of [
      'mollmr_requests_total{route="generic",outcome="ok"} 2',
      'mollmr_errors_total{code="model_not_found"} 1',
      'mollmr_errors_total{code="invalid_request"} 1',
      'mollmr_in_flight 0',
      'mollmr_ready 1',
      'mollmr_config_stale 0',
    ])
      expect(text.split('\n')).toContain(line)
  })

  it('is for keys that may ask every model', async () => {
    const keys = ['key-of-alice-0123456789', 'key-of-bob-0123456789'] as const
    gateway = await runConfig(`
upstreams: { sim: { kind: simulated } }
mixtures: [{ name: generic, aggregate: sim }]
keys:
  - { name: alice, hash: "${digestKey(keys[0])}" }
  - { name: bob, hash: "${digestKey(keys[1])}", models: [generic] }
`)
    expect((await read()).status).toBe(401)
    expect((await read({ 'x-api-key': keys[0] })).status).toBe(200)
    expect((await read({ 'x-api-key': keys[1] })).status).toBe(403)
  })
})
