import { createServer } from 'node:http'
import { type AddressInfo, createServer as createSilentServer, type Server } from 'node:net'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../../chat/clock.ts'
import { FakeClock } from '../../testing/fake-clock.ts'
import { runConfig } from '../../testing/run-config.ts'
import { examinePort } from './examine-port.ts'
import type { Finding } from './finding.ts'

const { signal } = new AbortController()

function examined(port: number): Promise<Finding> {
  return examinePort({ host: '127.0.0.1', port }, { signal, clock: systemClock })
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

describe('examinePort', () => {
  it('finds a port free, or any', async () => {
    const server = createServer()
    const port = await listening(server)
    await new Promise((resolve) => server.close(resolve))
    expect(await examined(port)).toMatchObject({ mark: 'ok', message: `port ${port} of 127.0.0.1 is free` })
    expect(await examined(0)).toMatchObject({ mark: 'ok' })
  })

  it('knows a MoLLMR that answers there, and how it is', async () => {
    const gateway = await runConfig(
      'upstreams: { sim: { kind: simulated } }\nmixtures: [{ name: one, aggregate: sim }]\n',
    )
    const port = Number(new URL(gateway.url).port)
    expect(await examined(port)).toMatchObject({
      mark: 'ok',
      message: `a MoLLMR answers on port ${port} of 127.0.0.1, and is well: 2 models`,
    })
    await gateway.close()
  })

  it.each([
    [{ status: 'ok', models: 2, config: 'stale' }, 'warning', 'on the config before'],
    [{ status: 'overloaded', models: 2, config: 'current' }, 'warning', 'takes no requests now (overloaded)'],
    [{ status: 'ok' }, 'failed', 'What is there is no MoLLMR.'],
  ] as const)('says of one whose health is %j what that means', async (health, mark, message) => {
    const server = createServer((_request, response) => response.end(JSON.stringify(health)))
    expect(await examined(await listening(server))).toMatchObject({ mark, message: expect.stringContaining(message) })
    server.closeAllConnections()
    server.close()
  })

  it('does not wait for somebody who says nothing', async () => {
    const clock = new FakeClock()
    const asked = Promise.withResolvers<undefined>()
    const server = createSilentServer((socket) => {
      socket.on('error', () => undefined)
      socket.once('data', () => {
        asked.resolve(undefined)
      })
    })
    const port = await listening(server)
    const finding = examinePort({ host: '127.0.0.1', port }, { signal, clock })
    await asked.promise
    await clock.advance(2000)
    expect(await finding).toEqual({
      mark: 'failed',
      message: `Port ${port} of 127.0.0.1 is taken. What is there is no MoLLMR.`,
      code: null,
      todo: `Choose another: mollmr start --port ${port + 1}`,
    })
    server.close()
  })

  it('says that an address is not of this machine', async () => {
    const { mark, todo } = await examinePort({ host: '192.0.2.1', port: 8000 }, { signal, clock: systemClock })
    expect([mark, todo]).toEqual(['failed', 'Correct server.host.'])
  })
})
