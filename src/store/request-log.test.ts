import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { LedgerRow } from '../chat/call-context.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { createTrace, type Trace } from '../trace/trace.ts'
import { openRequestLog } from './request-log.ts'

const row: LedgerRow = {
  stage: 'worker',
  requested: 'qwen',
  resolved: 'qwen2-7b',
  outcome: 'ok',
  usage: { promptTokens: 10, completionTokens: 5, cachedTokens: 2, reasoningTokens: 1 },
  source: 'reported',
  costUsd: 0.5,
  firstContentMs: 3,
  totalMs: 7,
}

let directory: string
let errors: unknown[]
const onError = (error: unknown): number => errors.push(error)

beforeEach(() => {
  errors = []
  directory = join(mkdtempSync(join(tmpdir(), 'mollmr-log-')), 'new')
})

afterEach(() => {
  rmSync(join(directory, '..'), { recursive: true, force: true })
})

function finishedTrace(id: string, clock: FakeClock): Trace {
  const trace = createTrace(id, clock)
  trace.root.set({ route: 'generic', routeSource: 'model', model: 'big', degraded: '2/3' })
  trace.root.child('worker', 'Draft 1').record(row)
  trace.root
    .child('worker', 'Draft 2')
    .record({ ...row, usage: null, source: 'missing', costUsd: null, outcome: 'upstream_reset' })
  trace.root.end('ok')
  return trace
}

function read(sql: string): Record<string, unknown>[] {
  const database = new DatabaseSync(join(directory, 'mollmr.sqlite'), { readOnly: true })
  const rows = database.prepare(sql).all() as Record<string, unknown>[]
  database.close()
  return rows.map((each) => ({ ...each }))
}

describe('the request log', () => {
  it('has one row per request and one per call', async () => {
    const clock = new FakeClock()
    const log = openRequestLog(directory, { clock, onError })
    log.add(finishedTrace('req_1', clock))
    await clock.advance(100)
    expect(read('select id, route, route_source, model, degraded, outcome from requests')).toEqual([
      { id: 'req_1', route: 'generic', route_source: 'model', model: 'big', degraded: '2/3', outcome: 'ok' },
    ])
    expect(read('select requested, outcome, prompt_tokens, source, cost_usd from calls order by outcome')).toEqual([
      { requested: 'qwen', outcome: 'ok', prompt_tokens: 10, source: 'reported', cost_usd: 0.5 },
      { requested: 'qwen', outcome: 'upstream_reset', prompt_tokens: null, source: 'missing', cost_usd: null },
    ])
    log.close()
  })

  it('writes what is left when it is closed', () => {
    const clock = new FakeClock()
    const log = openRequestLog(directory, { clock, onError })
    log.add(finishedTrace('req_1', clock))
    log.add(finishedTrace('req_2', clock))
    log.close()
    expect(read('select count(*) as n from requests')).toEqual([{ n: 2 }])
    expect(clock.pending).toBe(0)
  })

  it('drops what it cannot write and says so, without failing', async () => {
    const clock = new FakeClock()
    const log = openRequestLog(directory, { clock, onError })
    const other = new DatabaseSync(join(directory, 'mollmr.sqlite'))
    other.exec('drop table calls')
    other.close()
    log.add(finishedTrace('req_1', clock))
    await clock.advance(100)
    expect(errors).toHaveLength(1)
    expect(read('select count(*) as n from requests')).toEqual([{ n: 0 }])
    log.close()
  })

  it('goes on with the file of an earlier run', () => {
    const clock = new FakeClock()
    for (const id of ['req_1', 'req_2']) {
      const log = openRequestLog(directory, { clock, onError })
      log.add(finishedTrace(id, clock))
      log.close()
    }
    expect(read('select id from requests order by id')).toEqual([{ id: 'req_1' }, { id: 'req_2' }])
  })
})
