/** `npm run soak`: whether memory grows and connections stay, over many requests of which a part is left alone. */
import { parseArgs } from 'node:util'
import { createCatalog } from '../src/catalog/create-catalog.ts'
import { createEngines } from '../src/catalog/engines.ts'
import { parseConfig } from '../src/config/parse-config.ts'
import { createGateway } from '../src/gateway/gateway.ts'
import { openChaosClient, writeRequest } from '../src/testing/chaos-client.ts'
import { type ChaosUpstream, startChaosUpstream } from '../src/testing/chaos-upstream.ts'
import { slopeOf } from './slope-of.ts'
import { atMost, writeReport } from './write-report.ts'

const { values } = parseArgs({ options: { full: { type: 'boolean', default: false }, requests: { type: 'string' } } })
const requests = Number(values.requests ?? (values.full ? 400_000 : 10_000))
const lanes = 50
const samples = 8
const mebibyte = 1024 * 1024

const upstream = await startChaosUpstream({
  choose: ({ model }, index) => (model === 'slow' || index % 50 === 0 ? 'hang after the role' : null),
})
const engines = createEngines()
const { config } = parseConfig({ text: configOf(upstream), path: 'soak.yaml', env: {} })
const catalog = createCatalog(config, engines)
const gateway = createGateway({
  catalog: () => catalog,
  maxBodyBytes: 1e6,
  corsOrigins: [],
  onError: (error) => {
    console.error(error)
  },
})
const url = await gateway.listen({ host: '127.0.0.1', port: 0 })
let asked = 0

function configOf({ baseUrl }: ChaosUpstream): string {
  return `
upstreams: { up: { kind: openai, base_url: "${baseUrl}" } }
models: [{ id: a, upstream: up }, { id: b, upstream: up }, { id: slow, upstream: up }]
mixtures: [{ name: generic, workers: [a, b], aggregate: a, quorum: 1, grace_ms: 0 }]
`
}

/** A quarter are mixtures, a quarter callers that leave. */
async function askOnce(index: number): Promise<void> {
  const messages = [{ role: 'user', content: `Question ${index}` }]
  const client = await openChaosClient(url)
  const model = index % 4 === 0 ? 'generic' : index % 4 === 1 ? 'slow' : 'a'
  client.write(
    writeRequest('/v1/chat/completions', { model, stream: index % 2 === 0, messages }, { connection: 'close' }),
  )
  if (index % 4 === 1) {
    await new Promise((resolve) => setTimeout(resolve, 5))
    client.leave()
  }
  const late = setTimeout(() => {
    client.leave()
  }, 2000)
  await client.closed
  clearTimeout(late)
}

async function ask(times: number): Promise<void> {
  const until = asked + times
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      while (asked < until) await askOnce(asked++)
    }),
  )
}

function heap(): number {
  for (let time = 0; time < 3; time += 1) globalThis.gc?.()
  return process.memoryUsage().heapUsed / mebibyte
}

if (!globalThis.gc) throw new Error('Run it with --expose-gc.')
const startedMs = performance.now()
await ask(requests / 2)
const baseline = process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length
const points: [number, number][] = []
for (let sample = 0; sample < samples; sample += 1) {
  await ask(requests / 2 / samples)
  points.push([asked, heap()])
}
await new Promise((resolve) => setTimeout(resolve, 5000))
const sockets = process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length
const open = upstream.openSockets
await gateway.close(0)
await engines.close()
await upstream.close()
writeReport(
  'soak',
  [
    atMost('MiB of heap per 10,000 requests', Math.round(slopeOf(points) * 10_000 * 100) / 100, 1),
    atMost('connections to the upstream 5 s after', open, 0),
    atMost('sockets 5 s after', sockets, 0),
  ],
  {
    requests,
    heaps: points.map(([, mib]) => Math.round(mib * 10) / 10),
    socketsWhileBusy: baseline,
    seconds: Math.round((performance.now() - startedMs) / 1000),
  },
)
