/** Many mixtures at once over an upstream that is wrong at random: what must never happen is counted. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type LeavingPhase, leavingPhaseNames, measureLeaving, startLeftUpstream } from '../bench/leaving.ts'
import { type ChaosClient, openChaosClient, writeRequest } from '../src/testing/chaos-client.ts'
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
  /** Faults of which an answer says nothing first, and that a second try may not meet. */
  readonly passingOnly?: boolean
  readonly streamed: 'all' | 'none' | 'half'
}

export interface ChaosCounts {
  good: number
  failed: number
  hung: number
  falseSuccess: number
  wrongText: number
  untyped: number
  lostRows: number
  doubleRequests: number
  internalErrors: number
  busySocketsAfter: number
  readonly codes: Record<string, number>
}

const hangMs = 20_000

const config = (baseUrl: string): string => `
server: { deadlines: { first_content_ms: 3000, idle_ms: 1000, total_ms: 15000 } }
upstreams: { up: { kind: openai, base_url: "${baseUrl}" } }
models: [{ id: a, upstream: up }, { id: b, upstream: up }, { id: c, upstream: up }, { id: best, upstream: up }, { id: spare, upstream: up }]
mixtures:
  - name: generic
    workers: [a, b, c]
    aggregate: best
    aggregate_fallbacks: [spare]
    quorum: 1
    grace_ms: 300
    worker_deadlines: { first_content_ms: 1000, idle_ms: 500, total_ms: 3000 }
    deadlines: { first_content_ms: 2000, idle_ms: 500, total_ms: 10000 }
`

/** Runs it all against a gateway in this process. */
export async function runChaos(settings: ChaosSettings): Promise<ChaosCounts> {
  const random = randomOf(settings.seed)
  const upstream = await startChaosUpstream({
    seed: settings.seed,
    choose: ({ model }) => {
      if (model === settings.dead) return 'reset before headers'
      return random() < settings.faultShare ? draw(settings.passingOnly === true ? passing : awake, random) : null
    },
  })
  const gateway = await runConfig(config(upstream.baseUrl))
  const counts: ChaosCounts = {
    good: 0,
    failed: 0,
    hung: 0,
    falseSuccess: 0,
    wrongText: 0,
    untyped: 0,
    lostRows: 0,
    doubleRequests: 0,
    internalErrors: 0,
    busySocketsAfter: 0,
    codes: {},
  }
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < settings.requests) {
      const index = next
      next += 1
      await askOnce(gateway, counts, isStreamed(settings, index))
    }
  }
  await Promise.all(Array.from({ length: settings.concurrency }, lane))
  count(counts, { gateway, upstream, requests: settings.requests })
  await gateway.close(1000)
  await new Promise((resolve) => setTimeout(resolve, 100))
  counts.busySocketsAfter = upstream.openSockets
  await upstream.close()
  return counts
}

/** These rest a model for seconds or minutes, as they should: after a few hundred calls all would rest. */
const resting: readonly FaultName[] = ['401', '403', 'quota used up', '429 for an hour', '429 until a date']
const awake = faultNames.filter((name) => !resting.includes(name))
const passing = awake.filter((name) => faults[name].hasBegun !== true && faults[name].whole !== 'upstream_bad_request')

function draw(names: readonly FaultName[], random: () => number): FaultName {
  return names[Math.floor(random() * names.length)] ?? 'reset before headers'
}

function isStreamed({ streamed }: ChaosSettings, index: number): boolean {
  return streamed === 'all' || (streamed === 'half' && index % 2 === 0)
}

async function askOnce(gateway: RunningGateway, counts: ChaosCounts, stream: boolean): Promise<void> {
  const messages = [{ role: 'user', content: 'What do the wheels say?' }]
  try {
    const response = await gateway.chat(
      { model: 'generic', stream, messages },
      withBody({ model: 'generic', stream, messages }),
    )
    judge(await response.text(), stream, counts)
  } catch (error) {
    if ((error as Error).name === 'TimeoutError') counts.hung += 1
    else counts.untyped += 1
  }
}

function withBody(body: object): RequestInit {
  return {
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(hangMs),
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

function count(counts: ChaosCounts, { gateway, upstream, requests }: Ended): void {
  const rows = gateway.traces.reduce((sum, trace) => sum + trace.ledger().length, 0)
  counts.lostRows = Math.max(0, upstream.calls.length - rows) + Math.max(0, requests - gateway.traces.length)
  counts.doubleRequests = gateway.traces.length - new Set(gateway.traces.map(({ id }) => id)).size
  counts.internalErrors = gateway.errors.length
}

/** By phase: milliseconds from the moment a caller leaves to the end of its last upstream connection. */
export async function measureEveryLeaving(times: number): Promise<ReadonlyMap<LeavingPhase, readonly number[]>> {
  const upstream = await startLeftUpstream()
  const benchConfig = readFileSync(join(import.meta.dirname, '../bench/config.yaml'), 'utf8')
  const env = { BENCH_UPSTREAM: 'http://127.0.0.1:9', BENCH_LEFT_UPSTREAM: upstream.baseUrl }
  const gateway = await runConfig(benchConfig, env)
  const took = new Map<LeavingPhase, readonly number[]>()
  const each = Math.ceil(times / leavingPhaseNames.length)
  for (const phase of leavingPhaseNames)
    took.set(phase, await measureLeaving(phase, { url: gateway.url, upstream, times: each }))
  await gateway.close()
  await upstream.close()
  return took
}

const messages = [{ role: 'user', content: 'Hi' }]
const path = '/v1/chat/completions'

/** Good requests that were not answered well while `each` slow connections of every kind were open. */
export async function countRefusedBesideSlow(each: number): Promise<number> {
  const upstream = await startChaosUpstream({ choose: () => null })
  const gateway = await runConfig(config(upstream.baseUrl))
  const stream = writeRequest(path, { model: 'a', stream: true, messages })
  const beginnings = [
    '',
    `POST ${path} HTTP/1.1\r\nhost: a\r\nx-a:`,
    writeRequest(path, {}, { 'content-length': '1000' }),
    stream,
  ]
  const slow = await Promise.all(
    beginnings.flatMap((bytes) => Array.from({ length: each }, () => openSlow(gateway.url, bytes))),
  )
  let refused = 0
  for (let time = 0; time < 100; time += 1) {
    const response = await gateway.chat({ model: 'generic', messages })
    if (!(await response.text()).includes(chaosText)) refused += 1
  }
  for (const client of slow) client.reset()
  await gateway.close()
  await upstream.close()
  return refused
}

async function openSlow(url: string, bytes: string): Promise<ChaosClient> {
  const client = await openChaosClient(url)
  client.pause()
  client.write(bytes)
  return client
}

export interface DrainCounts {
  readonly cut: number
  readonly lostRows: number
}

/** What a drain does to `streams` answers that are on their way. */
export async function measureDrain(streams: number): Promise<DrainCounts> {
  const upstream = await startChaosUpstream({ choose: () => 'slow but good' })
  const gateway = await runConfig(config(upstream.baseUrl))
  const asked = Array.from({ length: streams }, () => gateway.chat({ model: 'a', stream: true, messages }))
  while (upstream.calls.length < streams) await new Promise((resolve) => setImmediate(resolve))
  const closed = gateway.close(10_000)
  const texts = await Promise.all(asked.map(async (response) => (await response).text()))
  await closed
  await upstream.close()
  const rows = gateway.traces.reduce((sum, trace) => sum + trace.ledger().length, 0)
  return { cut: texts.filter((text) => !text.includes('data: [DONE]')).length, lostRows: streams - rows }
}

/** Milliseconds that a gateway with nothing free takes to say so, sorted. */
export async function measureRefusals(times: number): Promise<readonly number[]> {
  const upstream = await startChaosUpstream({ choose: () => 'hang before headers' })
  const gateway = await runConfig(config(upstream.baseUrl).replace('server: {', 'server: { max_in_flight: 20,'))
  const holding = await Promise.all(
    Array.from({ length: 20 }, () => openSlow(gateway.url, writeRequest(path, { model: 'a', messages }))),
  )
  while (upstream.calls.length < holding.length) await new Promise((resolve) => setImmediate(resolve))
  const took: number[] = []
  for (let time = 0; time < times; time += 1) {
    const startMs = performance.now()
    const { status } = await gateway.chat({ model: 'a', messages })
    if (status !== 503) throw new Error(`Not refused, but ${status}.`)
    took.push(performance.now() - startMs)
  }
  for (const client of holding) client.reset()
  await gateway.close()
  await upstream.close()
  return took.sort((a, b) => a - b)
}
