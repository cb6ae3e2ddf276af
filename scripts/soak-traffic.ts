/** Callers of every kind, for `npm run soak`: those that wait for their answer, and those that leave at some moment. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createCatalog } from '../src/catalog/create-catalog.ts'
import { createEngines } from '../src/catalog/engines.ts'
import { parseConfig } from '../src/config/parse-config.ts'
import { createGateway } from '../src/gateway/gateway.ts'
import { openChaosClient, writeRequest } from '../src/testing/chaos-client.ts'
import { startChaosUpstream } from '../src/testing/chaos-upstream.ts'

export interface SoakTraffic {
  /** Requests that have been made so far. */
  readonly asked: number
  /** Connections to the upstream that are open now. */
  readonly upstreamSockets: number
  /** A quarter of them mixtures, a quarter left alone. */
  ask(times: number): Promise<void>
  /** All of them left alone: in mid-request, while workers write, while the aggregate does, streamed and not. */
  askAndLeave(times: number): Promise<void>
  close(): Promise<void>
}

const lanes = 50
const path = '/v1/chat/completions'
const longestWaitMs = 2000

const configOf = (baseUrl: string): string => `
upstreams: { up: { kind: openai, base_url: "${baseUrl}" } }
models: [{ id: a, upstream: up }, { id: b, upstream: up }, { id: slow, upstream: up }]
mixtures:
  - { name: generic, workers: [a, b], aggregate: a, quorum: 1, grace_ms: 0 }
  - { name: stuck, workers: [a, b], aggregate: slow, quorum: 1, grace_ms: 0 }
`

/** A gateway and its upstream in this process, without anything that keeps what it has seen. */
export async function startTraffic(): Promise<SoakTraffic> {
  const upstream = await startChaosUpstream({
    keepsCalls: false,
    choose: ({ model }, index) => (model === 'slow' || index % 50 === 0 ? 'hang after the role' : null),
  })
  const engines = createEngines()
  const { config } = parseConfig({ text: configOf(upstream.baseUrl), path: 'soak.yaml', env: {} })
  const catalog = createCatalog(config, engines)
  const onError = (error: unknown): void => {
    console.error(error)
  }
  const gateway = createGateway({ catalog: () => catalog, maxBodyBytes: 1e6, corsOrigins: [], onError })
  const url = await gateway.listen({ host: '127.0.0.1', port: 0 })
  let asked = 0
  const inLanes = async (times: number, once: (index: number) => Promise<void>): Promise<void> => {
    const until = asked + times
    const lane = async (): Promise<void> => {
      while (asked < until) await once(asked++)
    }
    await Promise.all(Array.from({ length: lanes }, lane))
  }
  return {
    get asked() {
      return asked
    },
    get upstreamSockets() {
      return upstream.openSockets
    },
    ask: (times) =>
      inLanes(times, (index) => (index % 4 === 1 ? leaveOne(url, index) : askOne(url, index % 4 === 0, index))),
    askAndLeave: (times) => inLanes(times, (index) => leaveOne(url, index)),
    close: async () => {
      await gateway.close(0)
      await engines.close()
      await upstream.close()
    },
  }
}

function requestOf(model: string, index: number, stream: boolean): string {
  const messages = [{ role: 'user', content: `Question ${index}` }]
  return writeRequest(path, { model, stream, messages }, { connection: 'close' })
}

async function askOne(url: string, isMixture: boolean, index: number): Promise<void> {
  const client = await openChaosClient(url)
  client.write(requestOf(isMixture ? 'generic' : 'a', index, index % 2 === 0))
  const late = setTimeout(() => {
    client.leave()
  }, longestWaitMs)
  await client.closed
  clearTimeout(late)
}

async function leaveOne(url: string, index: number): Promise<void> {
  const client = await openChaosClient(url)
  const model = ['slow', 'stuck', 'generic', 'a'][index % 4] ?? 'slow'
  const request = requestOf(model, index, index % 8 < 4)
  client.write(index % 7 === 0 ? request.slice(0, request.length / 2) : request)
  await sleep(index % 11)
  if (index % 3 === 0) client.reset()
  else client.leave()
  await client.closed
}
