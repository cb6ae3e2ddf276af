/** Many mixtures at once over an upstream that is wrong at random: what must never happen is counted. */
import {
  chaosText,
  type ChaosUpstream,
  type FaultName,
  faultNames,
  faults,
  randomOf,
  startChaosUpstream,
} from '../src/testing/chaos-upstream.ts'
import { runConfig } from '../src/testing/run-config.ts'
import type { RunningGateway } from '../src/testing/run-gateway.ts'

export interface ChaosSettings {
  readonly requests: number
  readonly concurrency: number
  /** 0 to 1: the share of calls to the upstream that go wrong. */
  readonly faultShare: number
  readonly seed: number
  /** Every call to this model goes wrong. */
  readonly dead?: string
  /** Only faults of which an answer says nothing first, and that a second try may not meet. */
  readonly passingOnly?: boolean
  readonly streamed: 'all' | 'none' | 'half'
  /** Where no worker has a draft the aggregate answers alone: `min_workers: 0`. */
  readonly doesWithoutDrafts?: boolean
}

export interface ChaosCounts {
  good: number
  failed: number
  hung: number
  falseSuccess: number
  wrongText: number
  untyped: number
  lostRows: number
  doubleRows: number
  doubleRequests: number
  internalErrors: number
  busySocketsAfter: number
  readonly codes: Record<string, number>
}

const hangMs = 40_000

const mixture = `workers: [a, b, c], aggregate: best, aggregate_fallbacks: [spare], quorum: 1, grace_ms: 300,
    worker_deadlines: { first_content_ms: 5000, idle_ms: 2500, total_ms: 10000 },
    deadlines: { first_content_ms: 5000, idle_ms: 2500, total_ms: 20000 }`

export const chaosConfig = (baseUrl: string): string => `
server: { deadlines: { first_content_ms: 8000, idle_ms: 4000, total_ms: 30000 } }
upstreams: { up: { kind: openai, base_url: "${baseUrl}" } }
models: [{ id: a, upstream: up }, { id: b, upstream: up }, { id: c, upstream: up }, { id: best, upstream: up }, { id: spare, upstream: up }]
mixtures:
  - { name: generic, ${mixture} }
  - { name: steady, min_workers: 0, ${mixture} }
`

/** A gateway keeps what it traced for these scripts to count: so many requests, then a fresh one with the next seed. */
const roundRequests = 5000

/** Runs it all against gateways in this process, one after the other. */
export async function runChaos(settings: ChaosSettings): Promise<ChaosCounts> {
  const counts = noCounts()
  for (let done = 0; done < settings.requests; done += roundRequests) {
    const requests = Math.min(roundRequests, settings.requests - done)
    await runRound({ ...settings, requests, seed: settings.seed + done / roundRequests }, counts)
  }
  return counts
}

/** Good answers before the first fault: a process that is cold is slow for reasons of its own. */
const warmUps = 100

async function runRound(settings: ChaosSettings, counts: ChaosCounts): Promise<void> {
  const random = randomOf(settings.seed)
  const model = settings.doesWithoutDrafts === true ? 'steady' : 'generic'
  let isWarm = false
  const upstream = await startChaosUpstream({
    seed: settings.seed,
    choose: ({ model }) => {
      if (!isWarm) return null
      if (model === settings.dead) return 'reset before headers'
      return random() < settings.faultShare ? draw(settings.passingOnly === true ? passing : awake, random) : null
    },
  })
  const gateway = await runConfig(chaosConfig(upstream.baseUrl))
  const ask = async (times: number, concurrency: number, judged: ChaosCounts): Promise<void> => {
    let next = 0
    const lane = async (): Promise<void> => {
      while (next < times) {
        const index = next
        next += 1
        await askOnce(gateway, judged, { model, index, stream: isStreamed(settings, index) })
      }
    }
    await Promise.all(Array.from({ length: concurrency }, lane))
  }
  await ask(warmUps, warmUps / 10, noCounts())
  isWarm = true
  await ask(settings.requests, settings.concurrency, counts)
  count(counts, { gateway, upstream, requests: warmUps + settings.requests })
  await gateway.close(1000)
  for (let tries = 0; tries < 50 && upstream.openSockets > 0; tries += 1)
    await new Promise((resolve) => setTimeout(resolve, 100))
  counts.busySocketsAfter += upstream.openSockets
  await upstream.close()
}

function noCounts(): ChaosCounts {
  return {
    good: 0,
    failed: 0,
    hung: 0,
    falseSuccess: 0,
    wrongText: 0,
    untyped: 0,
    lostRows: 0,
    doubleRows: 0,
    doubleRequests: 0,
    internalErrors: 0,
    busySocketsAfter: 0,
    codes: {},
  }
}

/** These rest a model for a second or more, as they should: at this pace all would rest most of the time. */
const resting: readonly FaultName[] = [
  '401',
  '403',
  '401 with a long page',
  '401 cut in its body',
  '402',
  'quota used up',
  'error beside no choices',
  '429 for a second',
  '429 for an hour',
  '429 until a date',
  '429 that hangs in its body',
]
const awake = faultNames.filter((name) => !resting.includes(name))
const passing = awake.filter((name) => faults[name].hasBegun !== true && faults[name].whole !== 'upstream_bad_request')

function draw(names: readonly FaultName[], random: () => number): FaultName {
  return names[Math.floor(random() * names.length)] ?? 'reset before headers'
}

function isStreamed({ streamed }: ChaosSettings, index: number): boolean {
  return streamed === 'all' || (streamed === 'half' && index % 2 === 0)
}

/** Each question is another: drafts of the one before would serve again. */
async function askOnce(
  gateway: RunningGateway,
  counts: ChaosCounts,
  { model, index, stream }: { readonly model: string; readonly index: number; readonly stream: boolean },
): Promise<void> {
  const messages = [{ role: 'user', content: `What do the wheels say, the ${index}th time?` }]
  try {
    const response = await gateway.chat({ model, stream, messages }, { signal: AbortSignal.timeout(hangMs) })
    judge(await response.text(), stream, counts)
  } catch (error) {
    if ((error as Error).name === 'TimeoutError') counts.hung += 1
    else counts.untyped += 1
  }
}

interface Said {
  readonly error?: { readonly code?: string }
  readonly choices?: readonly {
    readonly delta?: { readonly content?: string }
    readonly message?: { readonly content?: string }
  }[]
}

/** An answer is the whole text, once, with a good end; anything else must say that it is none. */
function judge(text: string, stream: boolean, counts: ChaosCounts): void {
  const objects = text.startsWith('{')
    ? [text]
    : text.split('\n\n').flatMap((frame) => (frame.startsWith('data: {') ? [frame.slice(6)] : []))
  const said = objects.map((json) => JSON.parse(json) as Said)
  const code = said.find(({ error }) => error)?.error?.code
  const content = said
    .map(({ choices }) => choices?.[0]?.delta?.content ?? choices?.[0]?.message?.content ?? '')
    .join('')
  const isDone = stream ? text.includes('data: [DONE]') : code === undefined
  if (code !== undefined) {
    counts.failed += 1
    counts.codes[code] = (counts.codes[code] ?? 0) + 1
    if (isDone) counts.falseSuccess += 1
    if (!chaosText.startsWith(content) && !/^x+$/.test(content)) counts.wrongText += 1
  } else if (!isDone) counts.untyped += 1
  else if (content === chaosText) counts.good += 1
  else {
    counts.wrongText += 1
    if (content.length < chaosText.length) counts.falseSuccess += 1
  }
}

interface Ended {
  readonly gateway: RunningGateway
  readonly upstream: ChaosUpstream
  readonly requests: number
}

/** What a call may come to that the upstream never saw: it was ended, or its connection was, while it was being sent. */
const mayBeUnheard: ReadonlySet<string> = new Set([
  'client_closed',
  'upstream_reset',
  'upstream_timeout',
  'upstream_unreachable',
])

function count(counts: ChaosCounts, { gateway, upstream, requests }: Ended): void {
  const rows = gateway.traces.flatMap((trace) => trace.ledger())
  const answered = rows.filter(({ outcome }) => !mayBeUnheard.has(outcome))
  counts.lostRows += Math.max(0, upstream.calls.length - rows.length) + Math.max(0, requests - gateway.traces.length)
  counts.doubleRows += Math.max(0, answered.length - upstream.calls.length)
  counts.doubleRequests += gateway.traces.length - new Set(gateway.traces.map(({ id }) => id)).size
  counts.internalErrors += gateway.errors.length
}
