import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FakeClock } from '../testing/fake-clock.ts'
import { ledgerRow } from '../testing/ledger-row.ts'
import { createTrace, type Trace } from '../trace/trace.ts'
import { openRequestLog, type RequestLog } from './request-log.ts'

const row = ledgerRow({ requested: 'qwen', resolved: 'qwen2-7b' })

let directory: string
let errors: unknown[]
const onError = (error: unknown): number => errors.push(error)
/** Of a process that has died is known that nobody has its number. */
const ours = { pid: 42, isAlive: (pid: number): boolean => pid === 7 }

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
    .record({ ...row, usage: null, source: 'missing', costUsd: null, outcome: 'upstream_error', status: 503 })
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
    const log = openRequestLog(directory, { clock, process: ours, onError })
    log.add(finishedTrace('req_1', clock))
    await clock.advance(100)
    expect(read('select id, route, route_source, model, degraded, outcome from requests')).toEqual([
      { id: 'req_1', route: 'generic', route_source: 'model', model: 'big', degraded: '2/3', outcome: 'ok' },
    ])
    const call = { request_id: 'req_1', stage: 'worker', step: 1, requested: 'qwen', resolved: 'qwen2-7b', attempt: 1 }
    const [tokens, times] = [
      { cached_tokens: 2, reasoning_tokens: 1 },
      { headers_ms: 2, first_content_ms: 3, total_ms: 7, bytes: 400 },
    ]
    const none = { prompt_tokens: null, completion_tokens: null, cached_tokens: null, reasoning_tokens: null }
    expect(read('select * from calls order by outcome')).toEqual([
      {
        ...call,
        ...times,
        ...tokens,
        outcome: 'ok',
        status: null,
        ...{ prompt_tokens: 10, completion_tokens: 5 },
        source: 'reported',
        cost_usd: 0.5,
      },
      {
        ...call,
        step: 2,
        ...times,
        ...none,
        outcome: 'upstream_error',
        status: 503,
        source: 'missing',
        cost_usd: null,
      },
    ])
    log.close()
  })

  it('writes what is left when it is closed', () => {
    const clock = new FakeClock()
    const log = openRequestLog(directory, { clock, process: ours, onError })
    log.add(finishedTrace('req_1', clock))
    log.add(finishedTrace('req_2', clock))
    log.close()
    expect(read('select count(*) as n from requests')).toEqual([{ n: 2 }])
    expect(clock.pending).toBe(0)
  })

  it('has a request on the disk at once for which somebody waits, with those that end in the same turn', async () => {
    const clock = new FakeClock()
    const log = openRequestLog(directory, { clock, process: ours, onError })
    log.begin(finishedTrace('running', clock))
    await Promise.all(['req_1', 'req_2'].map((id) => log.record(finishedTrace(id, clock))))
    expect(read('select id, outcome from requests order by id')).toEqual([
      { id: 'req_1', outcome: 'ok' },
      { id: 'req_2', outcome: 'ok' },
    ])
    expect(read('select count(*) as calls from calls')).toEqual([{ calls: 4 }])
    log.close()
    expect([errors, clock.pending]).toEqual([[], 0])
  })

  it('says so where it cannot be written down, and is failing until it can', async () => {
    const clock = new FakeClock()
    const log = openRequestLog(directory, { clock, process: ours, onError })
    const other = new DatabaseSync(join(directory, 'mollmr.sqlite'))
    other.exec('begin immediate')
    await expect(log.record(finishedTrace('req_1', clock))).rejects.toThrow('cannot be written')
    expect(log.isFailing).toBe(true)
    other.exec('rollback')
    other.close()
    await clock.advance(1000)
    expect([log.isFailing, read('select id from requests')]).toEqual([false, [{ id: 'req_1' }]])
    await log.record(finishedTrace('req_2', clock))
    log.close()
    expect(read('select id from requests order by id')).toEqual([{ id: 'req_1' }, { id: 'req_2' }])
  })

  it('is failing no longer once it can say what it has dropped', async () => {
    const clock = new FakeClock()
    const log = openRequestLog(directory, { clock, process: ours, onError })
    const other = new DatabaseSync(join(directory, 'mollmr.sqlite'))
    other.exec('alter table calls rename to elsewhere')
    log.add(finishedTrace('req_1', clock))
    await clock.advance(100)
    expect([log.isFailing, log.dropped]).toEqual([true, 1])
    other.exec('alter table elsewhere rename to calls')
    other.close()
    await clock.advance(1000)
    expect([log.isFailing, read('select requests from losses')]).toEqual([false, [{ requests: 1 }]])
    log.close()
  })

  it('drops what it cannot write and says so, without failing', async () => {
    const clock = new FakeClock()
    const log = openRequestLog(directory, { clock, process: ours, onError })
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
      const log = openRequestLog(directory, { clock, process: ours, onError })
      log.add(finishedTrace(id, clock))
      log.close()
    }
    expect(read('select id from requests order by id')).toEqual([{ id: 'req_1' }, { id: 'req_2' }])
  })

  it('goes on beside a file that another process holds, and writes when it is free', async () => {
    const clock = new FakeClock()
    const log = openRequestLog(directory, { clock, process: ours, onError })
    const other = new DatabaseSync(join(directory, 'mollmr.sqlite'))
    other.exec('begin immediate')
    log.add(finishedTrace('req_1', clock))
    await clock.advance(100)
    expect(errors.map(String)).toEqual([expect.stringContaining('locked')])
    log.add(finishedTrace('req_2', clock))
    other.exec('rollback')
    other.close()
    await clock.advance(1000)
    expect(read('select id from requests order by id')).toEqual([{ id: 'req_1' }, { id: 'req_2' }])
    expect(read('select count(*) as calls from calls')).toEqual([{ calls: 4 }])
    log.close()
    expect(errors).toHaveLength(1)
  })

  it('keeps ten thousand requests at most while it cannot write, and says how many it has dropped', async () => {
    const clock = new FakeClock()
    const log = openRequestLog(directory, { clock, process: ours, onError })
    const other = new DatabaseSync(join(directory, 'mollmr.sqlite'))
    other.exec('begin immediate')
    for (let index = 0; index < 10_007; index += 1) log.add(createTrace(`req_${index}`, clock))
    await clock.advance(100)
    other.exec('rollback')
    other.close()
    await clock.advance(1000)
    expect(read('select count(*) as requests from requests')).toEqual([{ requests: 10_000 }])
    expect(String(errors.at(-1))).toContain('7 requests are missing')
    expect(log.dropped).toBe(7)
    log.close()
  })

  it('knows after a crash what ran then, but not what runs in a process that lives', async () => {
    const clock = new FakeClock()
    for (const pid of [41, 42, 7]) {
      const log = openRequestLog(directory, { clock, process: { pid, isAlive: () => true }, onError })
      const trace = createTrace(`req_of_${pid}`, clock)
      trace.root.set({ route: 'generic' })
      log.begin(trace)
      await clock.advance(100)
      log.close()
    }
    const log = openRequestLog(directory, { clock, process: ours, onError })
    expect(log.found).toEqual({ aborted: 2, tornPages: 0 })
    log.close()
    expect(read('select id, route, outcome from requests order by id')).toEqual([
      { id: 'req_of_41', route: 'generic', outcome: 'aborted_crash' },
      { id: 'req_of_42', route: 'generic', outcome: 'aborted_crash' },
    ])
    expect(read('select id from running')).toEqual([{ id: 'req_of_7' }])
  })

  it('forgets that a request ran once it has ended, and never writes so of one that ends within 100 ms', async () => {
    const clock = new FakeClock()
    const log = openRequestLog(directory, { clock, process: ours, onError })
    const [long, short] = [finishedTrace('long', clock), finishedTrace('short', clock)]
    log.begin(long)
    await clock.advance(100)
    log.begin(short)
    log.add(short)
    await clock.advance(100)
    expect(read('select id from running')).toEqual([{ id: 'long' }])
    log.add(long)
    await clock.advance(100)
    expect(read('select id from running')).toEqual([])
    expect(read('select id, outcome from requests order by id')).toEqual([
      { id: 'long', outcome: 'ok' },
      { id: 'short', outcome: 'ok' },
    ])
    log.close()
    expect(clock.pending).toBe(0)
  })

  describe('takes no request for one that a crash has cut that it had to drop', () => {
    async function running(clock: FakeClock): Promise<{ log: RequestLog; trace: Trace; held: DatabaseSync }> {
      const log = openRequestLog(directory, { clock, process: ours, onError })
      const trace = finishedTrace('dropped', clock)
      log.begin(trace)
      await clock.advance(100)
      expect(read('select id from running')).toEqual([{ id: 'dropped' }])
      return { log, trace, held: new DatabaseSync(join(directory, 'mollmr.sqlite')) }
    }

    function reopened(): RequestLog['found'] {
      const log = openRequestLog(directory, { clock: new FakeClock(), process: ours, onError })
      log.close()
      return log.found
    }

    it('because too many waited', async () => {
      const clock = new FakeClock()
      const { log, trace, held } = await running(clock)
      held.exec('begin immediate')
      log.add(trace)
      for (let index = 0; index < 10_000; index += 1) log.add(createTrace(`req_${index}`, clock))
      await clock.advance(100)
      expect(log.dropped).toBe(1)
      held.exec('rollback')
      held.close()
      await clock.advance(1000)
      expect(read('select id from running')).toEqual([])
      log.close()
      expect(reopened()).toEqual({ aborted: 0, tornPages: 0 })
    })

    it('because it cannot be written at all', async () => {
      const clock = new FakeClock()
      const { log, trace, held } = await running(clock)
      held.exec('drop table calls')
      held.close()
      log.add(trace)
      log.close()
      expect([log.dropped, clock.pending]).toEqual([1, 0])
      expect(read('select requests from losses')).toEqual([{ requests: 1 }])
      expect(reopened()).toEqual({ aborted: 0, tornPages: 0 })
    })
  })

  it('holds whole requests only after the process was killed in the middle of writing', async () => {
    const program = `
      import { openRequestLog } from ${JSON.stringify(new URL('request-log.ts', import.meta.url).href)}
      import { createTrace } from ${JSON.stringify(new URL('../trace/trace.ts', import.meta.url).href)}
      import { systemClock } from ${JSON.stringify(new URL('../chat/clock.ts', import.meta.url).href)}
      const log = openRequestLog(${JSON.stringify(directory)}, { clock: systemClock, process: { pid: 1, isAlive: () => false }, onError: console.error })
      const row = ${JSON.stringify(row)}
      let count = 0
      setInterval(() => {
        for (let index = 0; index < 50; index += 1) {
          const trace = createTrace('req_' + count++, systemClock)
          for (let call = 0; call < 3; call += 1) trace.root.child('worker', 'w').record(row)
          trace.root.end('ok')
          log.add(trace)
        }
        process.stdout.write(count + ' ')
      }, 5)`
    const child = spawn(process.execPath, [
      '--disable-warning=ExperimentalWarning',
      '--input-type=module-typescript',
      '-e',
      program,
    ])
    let said = ''
    child.stdout.on('data', (data: Buffer) => (said += data.toString()))
    while (Number(said.trim().split(' ').at(-1)) < 3000) await new Promise((resolve) => setTimeout(resolve, 5))
    child.kill('SIGKILL')
    await new Promise((resolve) => child.once('exit', resolve))
    const log = openRequestLog(directory, { clock: new FakeClock(), process: ours, onError })
    log.close()
    expect(read('pragma integrity_check')).toEqual([{ integrity_check: 'ok' }])
    const torn = 'select id from requests where (select count(*) from calls where request_id = id) <> 3'
    expect(read(torn)).toEqual([])
    expect(Number(read('select count(*) as requests from requests')[0]?.['requests'])).toBeGreaterThan(1000)
    expect(errors).toEqual([])
  })
})
