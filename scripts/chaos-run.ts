/** What becomes of requests beside slow callers, in a drain, under overload, and when their callers leave. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type LeavingPhase, leavingPhaseNames, measureLeaving, startLeftUpstream } from '../bench/leaving.ts'
import { type ChaosClient, openChaosClient, writeRequest } from '../src/testing/chaos-client.ts'
import { chaosText, startChaosUpstream } from '../src/testing/chaos-upstream.ts'
import { runConfig } from '../src/testing/run-config.ts'
import { chaosConfig as config } from './chaos-mixtures.ts'

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
