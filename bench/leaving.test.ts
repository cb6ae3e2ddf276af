import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RunningGateway } from '../src/testing/run-gateway.ts'
import { runConfig } from '../src/testing/run-config.ts'
import { measureFirstBytes } from './first-byte.ts'
import {
  type LeavingPhase,
  leavingPhaseNames,
  type LeftUpstream,
  measureLeaving,
  startLeftUpstream,
} from './leaving.ts'

let upstream: LeftUpstream
let gateway: RunningGateway

beforeAll(async () => {
  upstream = await startLeftUpstream()
  gateway = await runConfig(readFileSync(join(import.meta.dirname, 'config.yaml'), 'utf8'), {
    BENCH_UPSTREAM: 'http://127.0.0.1:9',
    BENCH_LEFT_UPSTREAM: upstream.baseUrl,
  })
})

afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

/** The stages of the calls that run when the caller leaves, and of those that have ended well by then. */
const stages: Readonly<Record<LeavingPhase, { readonly left: readonly string[]; readonly done: readonly string[] }>> = {
  workers: { left: ['worker', 'worker', 'worker'], done: [] },
  'aggregate before content': { left: ['aggregate'], done: ['worker', 'worker', 'worker'] },
  'aggregate in mid-stream': { left: ['aggregate'], done: ['worker', 'worker', 'worker'] },
  router: { left: ['route'], done: [] },
  'bypass, streamed': { left: ['request'], done: [] },
  'bypass, not streamed': { left: ['request'], done: [] },
}

describe.each(leavingPhaseNames)('leaving: %s', (phase) => {
  it('is measured in that phase each time, and nothing is asked any more after it', async () => {
    const before = gateway.traces.length
    const took = await measureLeaving(phase, { url: gateway.url, upstream, times: 3 })
    expect(took).toHaveLength(3)
    expect(took.every((ms) => ms > 0)).toBe(true)
    await expect.poll(() => gateway.traces.length).toBe(before + 3)
    for (const trace of gateway.traces.slice(before)) {
      const rows = trace.ledger()
      const stagesOf = (outcome: string): readonly string[] =>
        rows.flatMap((row) => (row.outcome === outcome ? [row.stage] : []))
      expect({ left: stagesOf('client_closed'), done: stagesOf('ok') }).toEqual(stages[phase])
      expect(trace.spans().every(({ endedMs }) => endedMs !== null)).toBe(true)
    }
  })
})

describe('measureFirstBytes', () => {
  it('waits for the role in each stream', async () => {
    const load = { url: gateway.url, model: 'left-stalling', requests: 4, concurrency: 2 }
    const took = await measureFirstBytes(load)
    expect(took).toHaveLength(4)
    expect(took.every((ms) => ms > 0)).toBe(true)
    await upstream.untilHanging(0)
  })
})
