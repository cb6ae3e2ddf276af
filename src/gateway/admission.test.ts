/** What a gateway does that has enough to do, or is told to stop. */
import { afterEach, expect, it } from 'vitest'
import { openChaosClient, writeRequest } from '../testing/chaos-client.ts'
import { createFakeModel, textSteps } from '../testing/fake-model.ts'
import { runGateway, type RunningGateway } from '../testing/run-gateway.ts'

const path = '/v1/chat/completions'
const hello = { model: 'generic', messages: [{ role: 'user', content: 'Hi' }] }
let gateway: RunningGateway

afterEach(async () => {
  await gateway.close()
})

const hanging = () => createFakeModel('generic', { script: () => [{ delta: { content: 'a' } }, { hang: true }] })

async function stateOf(probe: 'live' | 'ready'): Promise<unknown[]> {
  const response = await fetch(`${gateway.url}/health/${probe}`)
  return [response.status, ((await response.json()) as { status: string }).status]
}

it('turns away what is more than it may serve at the same time, and nothing that it has taken on', async () => {
  const model = createFakeModel('generic', {
    script: (_request, call) => (call === 0 ? [{ delta: { content: 'a' } }, { hang: true }] : textSteps('b')),
  })
  gateway = await runGateway([model], { maxInFlight: 1 })
  const leave = new AbortController()
  const first = await gateway.chat({ ...hello, stream: true }, { signal: leave.signal })
  const refused = await gateway.chat(hello)
  expect([refused.status, refused.headers.get('retry-after'), refused.headers.get('x-should-retry')]).toEqual([
    503,
    '1',
    null,
  ])
  expect(await refused.json()).toMatchObject({ error: { type: 'overloaded_error', code: 'overloaded' } })
  expect(model.calls).toHaveLength(1)
  expect([await stateOf('live'), await stateOf('ready')]).toEqual([
    [200, 'ok'],
    [503, 'overloaded'],
  ])
  leave.abort()
  await first.text().catch(() => undefined)
  while (gateway.traces.length === 0) await new Promise((resolve) => setTimeout(resolve, 2))
  expect((await gateway.chat(hello)).status).toBe(200)
  expect(await stateOf('ready')).toEqual([200, 'ok'])
})

it('takes nothing on once it drains, and says so to whom was about to ask', async () => {
  gateway = await runGateway([hanging()])
  const running = await gateway.chat({ ...hello, stream: true })
  const [late, probe] = [await openChaosClient(gateway.url), await openChaosClient(gateway.url)]
  const [request, question] = [writeRequest(path, hello), writeRequest('/health/ready')]
  late.write(request.slice(0, 40))
  probe.write(question.slice(0, 10))
  await new Promise((resolve) => setTimeout(resolve, 20))
  const closed = gateway.close(300)
  late.write(request.slice(40))
  probe.write(question.slice(10))
  await Promise.all([late.closed, probe.closed])
  expect(late.text).toMatch(/^HTTP\/1\.1 503/)
  expect(late.text).toContain('"code":"server_shutdown"')
  expect(late.text.toLowerCase()).toContain('connection: close')
  expect(probe.text).toContain('"status":"draining"')
  await expect(fetch(gateway.url)).rejects.toThrow()
  expect(await running.text()).toContain('"code":"server_shutdown"')
  await closed
})

it('does not wait for a caller that does not even read that it was cut', async () => {
  const endless = createFakeModel('generic', {
    script: () => [...textSteps('x'.repeat(4_000_000), 4000).slice(0, -1), { hang: true }],
  })
  gateway = await runGateway([endless])
  const client = await openChaosClient(gateway.url)
  client.pause()
  client.write(writeRequest(path, { ...hello, stream: true }))
  while (endless.calls.length === 0) await new Promise((resolve) => setTimeout(resolve, 2))
  await gateway.close(50)
  expect(gateway.traces[0]?.spans()[0]?.outcome).not.toBe('ok')
  client.leave()
})
