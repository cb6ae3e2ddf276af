/** `npm run soak`: whether memory grows and connections stay, over many requests of which a part is left alone. */
import { parseArgs } from 'node:util'
import { takeCensus } from './census.ts'
import { slopeOf } from './slope-of.ts'
import { startTraffic } from './soak-traffic.ts'
import { atMost, goal, writeReport } from './write-report.ts'

const { values } = parseArgs({
  options: {
    full: { type: 'boolean', default: false },
    requests: { type: 'string' },
    aborts: { type: 'string' },
    minutes: { type: 'string' },
  },
})
const requests = Number(values.requests ?? 10_000)
const aborts = Number(values.aborts ?? (values.full ? 200_000 : 5000))
const minutes = Number(values.minutes ?? (values.full ? 60 : 0))
const samples = 8
const mebibyte = 1024 * 1024
/** Code that runs for the first time, and what is kept of the latest requests. */
const newFunctions = 500

function heap(): number {
  for (let time = 0; time < 3; time += 1) globalThis.gc?.()
  return process.memoryUsage().heapUsed / mebibyte
}

if (!globalThis.gc) throw new Error('Run it with --expose-gc.')
const startedMs = performance.now()
const traffic = await startTraffic()
// What is bounded is full by then, and what is compiled is.
await traffic.ask(requests / 2)

const points: [number, number][] = []
const slopeStartedMs = performance.now()
while (points.length < samples || performance.now() - slopeStartedMs < minutes * 60_000) {
  await traffic.ask(requests / samples)
  points.push([traffic.asked, heap()])
}

await traffic.askAndLeave(aborts / 10)
const isQuiet = (): boolean => traffic.upstreamSockets === 0
const before = await takeCensus(isQuiet)
await traffic.askAndLeave(aborts)
const after = await takeCensus(isQuiet, before)
const { upstreamSockets } = traffic
await traffic.close()

const per = minutes >= 60 ? 100_000 : 10_000
const over = minutes > 0 ? ` over ${minutes} min` : ''
writeReport(
  'soak',
  [
    atMost(`MiB of heap per ${per} requests${over}`, Math.round(slopeOf(points) * per * 100) / 100, 1),
    goal(atMost(`seconds until the sockets and timers of ${aborts} callers that left are gone`, after.seconds, 5)),
    atMost('sockets more then', after.sockets - before.sockets, 0),
    atMost('connections to the upstream then', upstreamSockets, 0),
    atMost('timers more then', after.timers - before.timers, 0),
    atMost('listeners of the process more then', after.listeners - before.listeners, 0),
    atMost('signals more then', after.signals - before.signals, 0),
    atMost('emitters more then', after.emitters - before.emitters, 0),
    atMost('functions more then, listeners among them', after.functions - before.functions, newFunctions),
  ],
  {
    requests: traffic.asked,
    aborts,
    before,
    after,
    heaps: points
      .filter((_, index) => index % Math.ceil(points.length / 60) === 0)
      .map(([, mib]) => Math.round(mib * 10) / 10),
    seconds: Math.round((performance.now() - startedMs) / 1000),
  },
)
