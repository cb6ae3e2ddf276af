/** What a gateway does that has enough to do, or is told to stop. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openChaosClient, writeRequest } from '../../testing/chaos-client.ts'
import { FakeClock } from '../../testing/fake-clock.ts'
import { createFakeModel, createSayingModel, type FakeModel, textSteps } from '../../testing/fake-model.ts'
import { runGateway, type RunningGateway } from '../../testing/run-gateway.ts'

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

describe('a gateway that is short of memory', () => {
  const clock = new FakeClock()
  const start = `Host: a\r\nContent-Type: application/json\r\nContent-Length: 9000000\r\n`
  let model: FakeModel

  beforeEach(async () => {
    model = createSayingModel('generic', 'Hi.')
    gateway = await runGateway([model], { clock, memoryShare: () => 0.9, maxBodyBytes: 10_000_000 })
    // Late timers are counted every 50 ms; the memory is looked at with the first of them.
    await clock.advance(50)
  })

  it.each([
    ['/v1/chat/completions', { error: { type: 'overloaded_error', code: 'overloaded' } }],
    ['/chat/completions', { error: { type: 'overloaded_error', code: 'overloaded' } }],
    ['/v1/responses', { error: { type: 'overloaded_error', code: 'overloaded' } }],
    ['/v1/messages', { type: 'error', error: { type: 'overloaded_error' } }],
    ['/v1/messages/count_tokens', { type: 'error', error: { type: 'overloaded_error' } }],
    ['/v1/embeddings', { error: { type: 'overloaded_error', code: 'overloaded' } }],
    ['/v1/completions', { error: { type: 'overloaded_error', code: 'overloaded' } }],
    ['/mollmr/v1/explain', { error: { type: 'overloaded_error', code: 'overloaded' } }],
  ])('says so at %s before it has read the body, and hears the rest of it out', async (asked, error) => {
    const client = await openChaosClient(gateway.url)
    client.write(`POST ${asked} HTTP/1.1\r\n${start}\r\n{"model": `)
    await client.until('overloaded_error')
    const [head = '', body = ''] = client.text.split('\r\n\r\n')
    expect(head).toMatch(/^HTTP\/1\.1 503/)
    expect(JSON.parse(body)).toMatchObject(error)
    for (const line of ['retry-after: 1', 'connection: close', 'x-mollmr-attempts: 0']) expect(head).toContain(line)
    expect(head.includes('\r\nrequest-id: req_')).toBe(asked.startsWith('/v1/messages'))
    client.write('"generic"')
    await client.closed
    expect(model.calls).toHaveLength(0)
  })

  /** A caller that has begun to send, and reads only when it is told to. */
  async function openSender(): Promise<{ readonly socket: Socket; readonly send: (text: string) => Promise<void> }> {
    const socket = connect({ port: Number(new URL(gateway.url).port), host: '127.0.0.1', allowHalfOpen: true })
    const send = (text: string): Promise<void> =>
      new Promise((resolve, reject) => {
        socket.write(text, (error) => {
          if (error) reject(error)
          else resolve()
        })
      })
    await send(`POST ${path} HTTP/1.1\r\n${start}\r\n`)
    return { socket, send }
  }

  it('is understood by a client that sends all of a long body before it reads', async () => {
    const { socket, send } = await openSender()
    await send('x'.repeat(8_999_999))
    await send('x')
    const [first] = (await once(socket, 'data')) as [Buffer]
    expect(first.toString()).toMatch(/^HTTP\/1\.1 503/)
    socket.destroy()
  })

  it('does not wait for ever for a caller that neither sends the rest nor closes', async () => {
    const { socket, send } = await openSender()
    const closed = new Promise((resolve) => socket.once('close', resolve).once('error', () => undefined))
    const ended = once(socket.resume(), 'end')
    await ended
    for (let sent = 0; sent < 5; sent += 1) await send('x')
    await clock.advance(4999)
    for (let sent = 0; sent < 5; sent += 1) await send('x')
    await clock.advance(1)
    const writing = setInterval(() => socket.write('x'), 2)
    await closed
    clearInterval(writing)
  })

  it('says so in its health, and lists its models', async () => {
    expect([await stateOf('live'), await stateOf('ready')]).toEqual([
      [200, 'ok'],
      [503, 'overloaded'],
    ])
    expect((await fetch(`${gateway.url}/v1/models`)).status).toBe(200)
  })
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
