/** Answers that have ended, and callers that do not take them. */
import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ChaosClient, openChaosClient, writeRequest } from '../../testing/chaos-client.ts'
import { FakeClock, settlePromises } from '../../testing/fake-clock.ts'
import { createFakeModel, type FakeModel } from '../../testing/fake-model.ts'
import { delivered, endSlowReaders } from './delivery.ts'
import { runGateway, type RunningGateway } from '../../testing/run-gateway.ts'

const path = '/v1/chat/completions'
const messages = [{ role: 'user', content: 'Hi' }]
/** More than the kernel takes for a caller that does not read. */
const long = 'x'.repeat(48_000_000)

let clock: FakeClock
let model: FakeModel
let gateway: RunningGateway
let client: ChaosClient

beforeEach(async () => {
  clock = new FakeClock()
  model = createFakeModel('generic', { script: () => [{ delta: { content: long }, finish: 'stop' }] })
  gateway = await runGateway([model], { clock })
  client = await openChaosClient(gateway.url)
})

afterEach(async () => {
  client.leave()
  await gateway.close()
})

/** Asks, and reads nothing of the answer. */
async function askUnread(stream: boolean): Promise<void> {
  client.pause()
  client.write(writeRequest(path, { model: 'generic', messages, stream }))
  await until(() => model.calls.length === 1)
  await pass(50)
}

function outcome(): unknown {
  return gateway.traces[0]?.spans()[0]?.outcome
}

describe.each([
  ['a whole answer', false],
  ['a stream', true],
])('%s', (_name, stream) => {
  it('is not kept for more than a minute for a caller that takes nothing of it', async () => {
    await askUnread(stream)
    await clock.advance(60_000)
    expect([client.isClosed, gateway.traces.length]).toEqual([false, 0])
    await clock.advance(1000)
    await until(() => gateway.traces.length === 1)
    expect(outcome()).toBe('slow_client')
    client.resume()
    await client.closed
    expect(client.text.length).toBeLessThan(long.length)
    expect(gateway.errors).toEqual([])
  })

  it('is kept for a caller that takes some of it now and then', async () => {
    await askUnread(stream)
    for (let minutes = 0; minutes < 3; minutes += 1) {
      await clock.advance(50_000)
      const before = client.text.length
      client.resume()
      await until(() => client.text.length > before + 8_000_000)
      client.pause()
      await pass(20)
      expect(client.text.length).toBeLessThan(long.length)
    }
    client.resume()
    await until(() => client.text.length > long.length)
    await until(() => gateway.traces.length === 1)
    expect(outcome()).toBe('ok')
  })

  it('says of a caller that leaves before it has all that it left', async () => {
    await askUnread(stream)
    client.reset()
    await until(() => gateway.traces.length === 1)
    expect(outcome()).toBe('client_closed')
  })
})

describe('a response that has ended', () => {
  let server: Server

  beforeEach(async () => {
    server = createServer()
    endSlowReaders(server, clock)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })

  afterEach(() => {
    server.closeAllConnections()
    server.close()
  })

  async function openResponse(): Promise<ServerResponse> {
    client.leave()
    client = await openChaosClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    client.pause()
    client.write(writeRequest('/'))
    const [, response] = (await once(server, 'request')) as [unknown, ServerResponse]
    return response
  }

  it('is not waited for where the kernel has it', async () => {
    const response = await openResponse()
    response.end('short')
    expect(delivered(response)).toBeUndefined()
  })

  it('is a stream whose last words nobody takes', async () => {
    const response = await openResponse()
    response.write(long)
    response.end('[DONE]')
    const failed = delivered(response)?.catch((error: unknown) => error)
    await pass(50)
    await clock.advance(61_000)
    expect(await failed).toMatchObject({ code: 'slow_client' })
    await expect(delivered(response)).rejects.toMatchObject({ code: 'slow_client' })
  })
})

it('leaves no alarm behind once nobody is connected', async () => {
  await settlePromises()
  expect(clock.pending).toBe(1)
  client.leave()
  await until(() => clock.pending === 0)
  expect(clock.pending).toBe(0)
})

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await pass(2)
}

function pass(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
