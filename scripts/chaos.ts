/** `npm run chaos`: mixtures over an upstream that goes wrong at random. `--full` takes hours, the default under a minute. */
import { parseArgs } from 'node:util'
import { percentileOf } from '../bench/percentile.ts'
import { runChaos } from './chaos-mixtures.ts'
import {
  countRefusedBesideSlow,
  type DrainCounts,
  measureDrain,
  measureEveryLeaving,
  measureRefusals,
} from './chaos-run.ts'
import { atLeast, atMost, type Figure, goal, writeReport } from './write-report.ts'

const { values } = parseArgs({
  options: {
    full: { type: 'boolean', default: false },
    requests: { type: 'string' },
    seed: { type: 'string', default: '1' },
  },
})
const requests = Number(values.requests ?? (values.full ? 200_000 : 5000))
const seed = Number(values.seed)
const common = { concurrency: 100, seed, streamed: 'half' } as const

const p99Of = (ms: readonly number[]): number => Math.round(percentileOf(ms, 0.99) * 10) / 10
const sumOf = (numbers: readonly number[]): number => numbers.reduce((sum, each) => sum + each, 0)

const escaped: unknown[] = []
process.on('unhandledRejection', (error) => escaped.push(error))
process.on('uncaughtException', (error) => escaped.push(error))

const startedMs = performance.now()
// What fails here is a measurement, not the gateway, and nothing can be reported.
const { chaos, dead, mild, whole, steadyMild, steadyWhole, streamed, drains, refusedBesideSlow, refusals, leavings } =
  await measureAll().catch((error: unknown) => {
    console.error(error)
    process.exit(1)
  })

async function measureAll() {
  const few = { ...common, requests: requests / 5 }
  return {
    chaos: await runChaos({ ...common, requests, faultShare: 0.3 }),
    dead: await runChaos({ ...few, faultShare: 0, dead: 'b' }),
    mild: await runChaos({ ...few, faultShare: 0.1, passingOnly: true }),
    whole: await runChaos({ ...few, faultShare: 0.1, streamed: 'none' }),
    steadyMild: await runChaos({ ...few, faultShare: 0.1, passingOnly: true, doesWithoutDrafts: true }),
    steadyWhole: await runChaos({ ...few, faultShare: 0.1, streamed: 'none', doesWithoutDrafts: true }),
    streamed: await runChaos({ ...few, faultShare: 0.1, streamed: 'all' }),
    drains: await drainTimes(values.full ? 100 : 3),
    refusedBesideSlow: await countRefusedBesideSlow(values.full ? 500 : 200),
    refusals: await measureRefusals(300),
    leavings: await measureEveryLeaving(values.full ? 20_000 : 1000),
  }
}

async function drainTimes(times: number): Promise<readonly DrainCounts[]> {
  const drains: DrainCounts[] = []
  while (drains.length < times) drains.push(await measureDrain(200))
  return drains
}

const share = ({ good }: { readonly good: number }, of: number): number => Math.round((good / of) * 1e6) / 1e6
const never = (
  [
    'hung',
    'falseSuccess',
    'wrongText',
    'untyped',
    'lostRows',
    'doubleRows',
    'doubleRequests',
    'internalErrors',
    'busySocketsAfter',
  ] as const
).map((name): Figure => atMost(`${name}, 30 % of calls faulted`, chaos[name], 0))
const mildly = 'good answers, 10 % of calls faulted before their first content'
const wholly = 'good answers, 10 % of calls faulted at any moment, not streamed'
const least = values.full ? 0.9999 : 0.999
writeReport(
  'chaos',
  [
    ...never,
    atMost(`streams cut by a drain, 200 open, ${drains.length} times`, sumOf(drains.map(({ cut }) => cut)), 0),
    atMost('rows lost by a drain', sumOf(drains.map(({ lostRows }) => lostRows)), 0),
    atMost('good requests refused beside slow connections of four kinds', refusedBesideSlow, 0),
    atMost('ms to a 503 under overload, p99', p99Of(refusals), 5),
    atMost('crashes and unhandled rejections', escaped.length, 0),
    atLeast('good answers, 1 of 3 workers dead', share(dead, requests / 5), least),
    // All three workers are wrong once in some thousand times, which no other draft can make up for.
    goal(atLeast(mildly, share(mild, requests / 5), least)),
    goal(atLeast(wholly, share(whole, requests / 5), least)),
    atLeast(`${mildly}, min_workers 0`, share(steadyMild, requests / 5), least),
    atLeast(`${wholly}, min_workers 0`, share(steadyWhole, requests / 5), least),
    // What breaks after the client has seen its beginning must fail: no second answer, no false end.
    goal(atLeast('good answers, 10 % of calls faulted at any moment, streamed', share(streamed, requests / 5), least)),
    ...[...leavings].map(([phase, took]) =>
      atMost(`ms from leaving to the last upstream closed, p99: ${phase}`, p99Of(took), 100),
    ),
  ],
  {
    requests,
    seed,
    seconds: Math.round((performance.now() - startedMs) / 1000),
    good: chaos.good,
    failed: chaos.failed,
    codes: chaos.codes,
    brokenMild: mild.codes,
    brokenWhole: whole.codes,
    brokenSteady: steadyWhole.codes,
    brokenStreams: streamed.codes,
    leavings: sumOf([...leavings.values()].map((took) => took.length)),
    escaped: escaped.map(String),
  },
)
