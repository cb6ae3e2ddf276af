/**
 * `npm run memory`: what a gateway in a process of its own, as it is published, holds while 200 mixtures of five drafts of
 * 100 kB run at once, what it holds after, and whether thousands of small ones leave anything. Drafts are kept for reuse as
 * shipped.
 */
import { parseArgs } from 'node:util'
import { openChaosClient, writeRequest } from '../src/testing/chaos-client.ts'
import { chaosText, startChaosUpstream } from '../src/testing/chaos-upstream.ts'
import { ChildGateway, type Memory, rounded } from './child-gateway.ts'
import { slopeOf } from './slope-of.ts'
import { atMost, goal, writeReport } from './write-report.ts'

const { values } = parseArgs({ options: { full: { type: 'boolean', default: false }, requests: { type: 'string' } } })
const requests = Number(values.requests ?? (values.full ? 10_000 : 2000))
/** Fills what is bounded: the latest traces, the drafts that are kept for reuse. */
const warmUp = 2000
const concurrent = 200
/** So many long mixtures fill the 16 MiB of drafts that are kept for reuse: they are part of what the gateway is expected to hold. */
const fillsReuse = 40
/** On a busy machine all this takes a while. */
const patience = '{ first_content_ms: 300000, idle_ms: 300000, total_ms: 300000 }'
/** As far as it is ASCII: the client reads bytes. */
const answerStart = chaosText.slice(0, 37)
const longText = 'The mill stands still. '.repeat(4348)
/** Of the heap, while the small ones run: their slope is what they leave. */
const samples = 5
/** MiB that may stay after the long drafts: what the traces and sockets hold. */
const margin = 32

const ids = ['a', 'b', 'c', 'd', 'e']
/** Opens when the workers of so many long mixtures have been asked: only then are they truly at once. */
let gate = { awaits: Infinity, ...Promise.withResolvers<undefined>() }
let longCalls = 0
let refused = 0
/** All are different: drafts are kept for who asks the same again. */
let questions = 0

const upstream = await startChaosUpstream({
  choose: () => null,
  textOf: async ({ model }) => {
    if (!model.startsWith('long')) return chaosText
    longCalls += 1
    if (longCalls === gate.awaits) gate.resolve(undefined)
    await gate.promise
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
  - { name: long, workers: [${workersOf('long')}], aggregate: best, deadlines: ${patience}, worker_deadlines: ${patience} }
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
      asked += 1
      const request = { model, messages: [{ role: 'user', content: `Question ${(questions += 1)}` }] }
      let text = await answerTo(url, request)
      while (text.startsWith('HTTP/1.1 503')) {
        refused += 1
        await new Promise((resolve) => setTimeout(resolve, 1000))
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

/** Long mixtures, all at once. */
async function askLong(url: string, times: number): Promise<number> {
  longCalls = 0
  gate = { awaits: times * ids.length, ...Promise.withResolvers<undefined>() }
  return ask(url, 'long', { times, lanes: times })
}

/** Long drafts, as many at once as there are. */
async function measureLong(): Promise<LongMemory> {
  const gateway = await ChildGateway.start(config)
  await ask(gateway.url, 'short', { times: 200, lanes: 20 })
  await askLong(gateway.url, fillsReuse)
  await rest()
  const before = { heap: await gateway.heap(), rss: gateway.rss() }
  const bad = await askLong(gateway.url, concurrent)
  const peakRss = gateway.peakRss()
  const heap = await gateway.heap()
  await rest()
  const after = { heap, rss: gateway.rss() }
  await gateway.close()
  return { before, peakRss, after, bad }
}

/** So long that the gateway may give back what it does not need. */
function rest(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5000))
}

interface ShortMemory {
  /** MiB, in the course of the requests. */
  readonly heaps: readonly number[]
  /** In percent of the first. */
  readonly growth: number
  readonly bad: number
}

/** Many small ones. */
async function measureShort(): Promise<ShortMemory> {
  const gateway = await ChildGateway.start(config)
  let bad = await ask(gateway.url, 'short', { times: warmUp, lanes: 50 })
  const first = await gateway.heap()
  const points: [number, number][] = [[0, first]]
  for (let sample = 1; sample <= samples; sample += 1) {
    bad += await ask(gateway.url, 'short', { times: requests / samples, lanes: 50 })
    points.push([sample / samples, await gateway.heap()])
  }
  await gateway.close()
  return { heaps: points.map(([, mib]) => mib), growth: rounded((slopeOf(points) / first) * 100), bad }
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
