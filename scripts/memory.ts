/**
 * `npm run memory`: what a gateway in a process of its own holds while 200 mixtures of five drafts of 100 kB run at
 * once, what it holds after, and whether thousands of small ones leave anything. Drafts are kept for reuse as shipped.
 */
import { parseArgs } from 'node:util'
import { openChaosClient, writeRequest } from '../src/testing/chaos-client.ts'
import { chaosText, startChaosUpstream } from '../src/testing/chaos-upstream.ts'
import { ChildGateway, type Memory, rounded } from './child-gateway.ts'
import { atMost, goal, writeReport } from './write-report.ts'

const { values } = parseArgs({ options: { full: { type: 'boolean', default: false }, requests: { type: 'string' } } })
const requests = Number(values.requests ?? (values.full ? 10_000 : 2000))
/** Fills what is bounded: the latest traces, the drafts that are kept for reuse. */
const warmUp = 2000
const concurrent = 200
/** As far as it is ASCII: the client reads bytes. */
const answerStart = chaosText.slice(0, 37)
const longText = 'The mill stands still. '.repeat(4348)
/** MiB that may stay after the long drafts: those kept for reuse (16), and what the traces and sockets hold. */
const margin = 32

const ids = ['a', 'b', 'c', 'd', 'e']
/** Opens when the workers of all long mixtures have been asked: only then are they truly at once. */
const { promise: gate, resolve: openGate } = Promise.withResolvers<undefined>()
let longCalls = 0
let refused = 0

const upstream = await startChaosUpstream({
  choose: () => null,
  textOf: async ({ model }) => {
    if (!model.startsWith('long')) return chaosText
    longCalls += 1
    if (longCalls === concurrent * ids.length) openGate(undefined)
    await gate
    return longText
  },
})
const modelsOf = (size: string): string => ids.map((id) => `{ id: ${size}-${id}, upstream: up }`).join(', ')
const workersOf = (size: string): string => ids.map((id) => `${size}-${id}`).join(', ')
const config = `
server: { port: 0, max_in_flight: 1000 }
upstreams: { up: { kind: openai, base_url: "${upstream.baseUrl}" } }
models: [${modelsOf('short')}, ${modelsOf('long')}, { id: best, upstream: up }]
mixtures:
  - { name: short, workers: [${workersOf('short')}], aggregate: best }
  - { name: long, workers: [${workersOf('long')}], aggregate: best }
`

async function answerTo(url: string, request: object): Promise<string> {
  const client = await openChaosClient(url)
  client.write(writeRequest('/v1/chat/completions', request, { connection: 'close' }))
  await client.closed
  return client.text
}

/** How many of `times` mixtures were answered badly, `lanes` of them at once; whoever is refused for overload asks again. */
async function ask(
  url: string,
  model: string,
  { times, lanes }: { readonly times: number; readonly lanes: number },
): Promise<number> {
  let asked = 0
  let bad = 0
  const lane = async (): Promise<void> => {
    while (asked < times) {
      const index = asked++
      const request = { model, messages: [{ role: 'user', content: `Question ${index}` }] }
      let text = await answerTo(url, request)
      while (text.startsWith('HTTP/1.1 503')) {
        refused += 1
        await new Promise((resolve) => setTimeout(resolve, 200))
        text = await answerTo(url, request)
      }
      if (!text.includes(answerStart)) bad += 1
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return bad
}

interface LongMemory {
  readonly before: Memory
  readonly peakRss: number
  readonly after: Memory
  readonly bad: number
}

/** Long drafts, as many at once as there are. */
async function measureLong(): Promise<LongMemory> {
  const gateway = await ChildGateway.start(config)
  await ask(gateway.url, 'short', { times: 200, lanes: 20 })
  const before = { heap: await gateway.heap(), rss: gateway.rss() }
  const bad = await ask(gateway.url, 'long', { times: concurrent, lanes: concurrent })
  const peakRss = gateway.peakRss()
  const heap = await gateway.heap()
  await new Promise((resolve) => setTimeout(resolve, 5000))
  const after = { heap, rss: gateway.rss() }
  await gateway.close()
  return { before, peakRss, after, bad }
}

interface ShortMemory {
  readonly before: number
  readonly after: number
  /** In percent. */
  readonly growth: number
  readonly bad: number
}

/** Many small ones. */
async function measureShort(): Promise<ShortMemory> {
  const gateway = await ChildGateway.start(config)
  let bad = await ask(gateway.url, 'short', { times: warmUp, lanes: 50 })
  const before = await gateway.heap()
  bad += await ask(gateway.url, 'short', { times: requests, lanes: 50 })
  const after = await gateway.heap()
  await gateway.close()
  return { before, after, growth: rounded((after / before - 1) * 100), bad }
}

const startedMs = performance.now()
const long = await measureLong()
const short = await measureShort()
await upstream.close()
writeReport(
  'memory',
  [
    goal(atMost('MiB of RSS at most, 200 mixtures of 5 drafts of 100 kB at once', long.peakRss, 300)),
    goal(atMost('MiB of RSS that stay 5 s after', rounded(long.after.rss - long.before.rss), margin)),
    atMost('MiB of heap that stay after', rounded(long.after.heap - long.before.heap), margin),
    atMost(`% of heap that ${requests} mixtures leave`, short.growth, 3),
    atMost('bad answers', long.bad + short.bad, 0),
  ],
  { requests, long, short, refusedAtFirst: refused, seconds: Math.round((performance.now() - startedMs) / 1000) },
)
