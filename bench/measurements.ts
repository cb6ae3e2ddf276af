/** What is done to a running target to get its figures. The name of the model tells the upstream how to behave. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { FigureKey } from './figures.ts'
import { measureFirstBytes } from './first-byte.ts'
import { type LeavingPhase, leavingPhaseNames, type LeftUpstream, measureLeaving } from './leaving.ts'
import { percentileOf } from './percentile.ts'
import { readCpuUs, readRssKb } from './process-tree.ts'
import { type Load, type LoadResult, runLoad } from './run-load.ts'
import type { RunningTarget, TargetName } from './targets.ts'

/** Some figures of one target, from one go. */
export type Sample = Readonly<Partial<Record<FigureKey, number>>>

export interface Measurement {
  /** Whom it makes sense for: only MoLLMR has mixtures. */
  readonly targets: readonly TargetName[]
  /** Part of the short run too. */
  readonly isQuick: boolean
  measure(target: RunningTarget, bench: Bench): Promise<Sample>
}

export interface Bench {
  /** The load generator. */
  readonly load: string
  readonly isQuick: boolean
  /** Asked by the models that are left by their callers. */
  readonly leftUpstream: LeftUpstream
}

const everyone: readonly TargetName[] = ['upstream', 'raw', 'MoLLMR', 'Portkey']
const gateways: readonly TargetName[] = ['raw', 'MoLLMR', 'Portkey']
const warmUpSeconds = 1.5
/** Optimised code is reached by count, not by time: Portkey is twice as fast after these as after 1.5 s. */
const warmUpRequests = 15_000
const pacedStream = 'f-t-20-20-200-10000'

/** In the order in which they run: memory first, while the processes are fresh. */
export const measurements: readonly Measurement[] = [
  { targets: gateways, isQuick: true, measure: measureIdle },
  { targets: gateways, isQuick: false, measure: measureOpenStreams },
  { targets: everyone, isQuick: true, measure: measureBypass },
  { targets: everyone, isQuick: false, measure: measureAdded },
  { targets: everyone, isQuick: false, measure: measureStream },
  { targets: everyone, isQuick: true, measure: measurePacedStreams },
  { targets: everyone, isQuick: false, measure: measureDelay },
  { targets: ['MoLLMR'], isQuick: false, measure: measureMixture(1, ['mixture1P50', 'mixture1P99']) },
  { targets: ['MoLLMR'], isQuick: true, measure: measureMixture(32, ['mixture32P50', 'mixture32P99']) },
  { targets: ['MoLLMR'], isQuick: false, measure: measureMixture(128, ['mixture128P50', 'mixture128P99']) },
  { targets: ['MoLLMR'], isQuick: false, measure: measureMixtureRate },
  { targets: ['MoLLMR'], isQuick: true, measure: measureFirstByte },
  { targets: ['MoLLMR'], isQuick: true, measure: measureEveryLeaving },
]

async function measureIdle(target: RunningTarget): Promise<Sample> {
  await sleep(500)
  return { startUp: target.startUpMs, idleRss: readRssKb(target.pid) / 1024 }
}

async function measureOpenStreams(target: RunningTarget, bench: Bench): Promise<Sample> {
  const count = 1000
  const beforeKb = readRssKb(target.pid)
  const load = {
    model: 'f-t-0-0-4-1000000',
    streamed: true,
    connections: count,
    requests: count,
    connectsPerSecond: 2000,
  }
  const running = runLoad(bench.load, target, load)
  // All are open after half a second, the first ends after three.
  await sleep(2000)
  const openKb = readRssKb(target.pid)
  await running
  return { streamKb: (openKb - beforeKb) / count }
}

async function measureBypass(target: RunningTarget, bench: Bench): Promise<Sample> {
  const load = { model: 'f-s-0-0-0-0', connections: 64, seconds: bench.isQuick ? 1.5 : 3 }
  await runLoad(bench.load, target, { ...load, requests: warmUpRequests, seconds: 30 })
  const { result, cpuUs } = await warmAndLoad(target, load, bench)
  return { bypassRate: result.rps, bypassCpu: cpuUs / result.reqs }
}

async function measureAdded(target: RunningTarget, bench: Bench): Promise<Sample> {
  // 20 in a closed loop with waits of 50 +/- 20 ms: about 390 requests a second, spread like independent callers.
  const load = { model: 'f-s-50-20-0-0', connections: 20, seconds: 3 }
  const { added } = (await warmAndLoad(target, load, bench)).result
  return { addedP50: added.p50 / 1000, addedP99: added.p99 / 1000 }
}

async function measureStream(target: RunningTarget, bench: Bench): Promise<Sample> {
  const load = { model: 'f-t-0-0-200-0', streamed: true, connections: 16, seconds: 2 }
  const { result, cpuUs } = await warmAndLoad(target, load, bench)
  return { streamCpu: cpuUs / result.chunks }
}

async function measurePacedStreams(target: RunningTarget, bench: Bench): Promise<Sample> {
  const requests = bench.isQuick ? 300 : 600
  const load = { model: pacedStream, streamed: true, connections: 300, requests }
  const { result, cpuUs } = await warmAndLoad(target, load, bench)
  return { pacedCpu: cpuUs / result.chunks }
}

async function measureDelay(target: RunningTarget, bench: Bench): Promise<Sample> {
  const load = { model: pacedStream, streamed: true, connections: 20, requests: 20 }
  const { chunkdelay } = (await warmAndLoad(target, load, bench)).result
  return { delayP50: chunkdelay.p50 / 1000, delayP99: chunkdelay.p99 / 1000 }
}

function measureMixture(connections: number, [p50, p99]: readonly [FigureKey, FigureKey]): Measurement['measure'] {
  return async (target, bench) => {
    const load = { model: 'slow-mixture', streamed: true, connections, seconds: 3 }
    const { ideal_over: over } = (await warmAndLoad(target, load, bench)).result
    return { [p50]: over.p50 / 1000, [p99]: over.p99 / 1000 }
  }
}

async function measureMixtureRate(target: RunningTarget, bench: Bench): Promise<Sample> {
  const load = { model: 'fast-mixture', streamed: true, connections: 64, seconds: 3 }
  return { mixtureRate: (await warmAndLoad(target, load, bench)).result.rps }
}

async function measureFirstByte(target: RunningTarget, { isQuick }: Bench): Promise<Sample> {
  const requests = isQuick ? 50 : 200
  const took = await measureFirstBytes({ url: urlOf(target), model: 'thinking-mixture', requests, concurrency: 50 })
  return { firstByteP50: percentileOf(took, 0.5), firstByteP99: percentileOf(took, 0.99) }
}

const leftFigures: Readonly<Record<LeavingPhase, FigureKey>> = {
  workers: 'leftWorkers',
  'aggregate before content': 'leftAggregate',
  'aggregate in mid-stream': 'leftAnswer',
  router: 'leftRouter',
  'bypass, streamed': 'leftStream',
  'bypass, not streamed': 'leftWhole',
}

async function measureEveryLeaving(target: RunningTarget, { isQuick, leftUpstream }: Bench): Promise<Sample> {
  const sample: Partial<Record<FigureKey, number>> = {}
  for (const phase of leavingPhaseNames) {
    const options = { url: urlOf(target), upstream: leftUpstream }
    await measureLeaving(phase, { ...options, times: 20 })
    const took = await measureLeaving(phase, { ...options, times: isQuick ? 50 : 200 })
    sample[leftFigures[phase]] = percentileOf(took, 0.99)
  }
  return sample
}

function urlOf({ port }: RunningTarget): string {
  return `http://127.0.0.1:${port}`
}

interface Measured {
  readonly result: LoadResult
  /** What the target's processes used while the load ran. */
  readonly cpuUs: number
}

/** Runs the load long enough to be compiled and connected, then again to be measured. */
async function warmAndLoad(target: RunningTarget, load: Load, bench: Bench): Promise<Measured> {
  const { requests: _, ...untimed } = load
  await runLoad(bench.load, target, { ...untimed, seconds: warmUpSeconds })
  const beforeUs = readCpuUs(target.pid)
  const result = await runLoad(bench.load, target, load)
  return { result, cpuUs: readCpuUs(target.pid) - beforeUs }
}
