import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, it } from 'vitest'
import { FakeClock } from '../testing/fake-clock.ts'
import { ledgerRow } from '../testing/ledger-row.ts'
import { createTrace } from '../trace/trace.ts'
import { makeTables } from './log-tables.ts'
import { logFileName, openRequestLog } from './request-log.ts'

/** As files are that were made before calls had an attempt, a status, a step and what came over the wire. */
const earlierTables = `
  create table requests (
    id text primary key, started_at integer not null, route text, route_source text, model text, degraded text,
    outcome text not null, total_ms real not null
  ) strict;
  create table calls (
    request_id text not null references requests (id), stage text not null, requested text not null, resolved text,
    outcome text not null, prompt_tokens integer, completion_tokens integer, cached_tokens integer,
    reasoning_tokens integer, source text not null, cost_usd real, first_content_ms real, total_ms real not null
  ) strict;
  insert into requests values ('req_1', 1, 'generic', null, 'a', null, 'ok', 7);
  insert into calls values ('req_1', 'call', 'a', 'a-1', 'ok', 10, 5, 2, 1, 'reported', 0.5, 3, 7);
`

function columnsOf(database: DatabaseSync): unknown[] {
  return database
    .prepare("select name, type from pragma_table_info('calls') order by name")
    .all()
    .map((row) => ({ ...row }))
}

it('gives a file of an earlier version the columns of a new one, and keeps its rows', () => {
  const [earlier, fresh] = [new DatabaseSync(':memory:'), new DatabaseSync(':memory:')]
  earlier.exec(earlierTables)
  makeTables(earlier)
  makeTables(fresh)
  expect(columnsOf(earlier)).toEqual(columnsOf(fresh))
  expect(columnsOf(fresh)).toEqual(
    expect.arrayContaining([
      { name: 'attempt', type: 'INTEGER' },
      { name: 'status', type: 'INTEGER' },
      { name: 'step', type: 'INTEGER' },
      { name: 'headers_ms', type: 'REAL' },
      { name: 'bytes', type: 'INTEGER' },
    ]),
  )
  expect(earlier.prepare('select requested, total_ms, attempt, status from calls').all()).toMatchObject([
    { requested: 'a', total_ms: 7, attempt: null, status: null },
  ])
})

it('changes nothing where nothing is missing', () => {
  const database = new DatabaseSync(':memory:')
  makeTables(database)
  const before = columnsOf(database)
  makeTables(database)
  expect(columnsOf(database)).toEqual(before)
  expect(database.isTransaction).toBe(false)
})

it('lets the log go on in a file of an earlier version', () => {
  const directory = mkdtempSync(join(tmpdir(), 'mollmr-log-'))
  const path = join(directory, logFileName)
  const earlier = new DatabaseSync(path)
  earlier.exec(earlierTables)
  earlier.close()
  const errors: unknown[] = []
  const clock = new FakeClock()
  const log = openRequestLog(directory, {
    clock,
    process: { pid: 1, isAlive: () => false },
    onError: (error) => errors.push(error),
  })
  const trace = createTrace('req_2', clock)
  trace.root.record(ledgerRow({ outcome: 'upstream_error', status: 503, totalMs: 2 }))
  trace.root.end('upstream_error')
  log.add(trace)
  log.close()
  const database = new DatabaseSync(path, { readOnly: true })
  const calls = database.prepare('select request_id, total_ms, attempt, status from calls order by request_id').all()
  database.close()
  rmSync(directory, { recursive: true })
  expect([errors, calls.map((call) => ({ ...call }))]).toEqual([
    [],
    [
      { request_id: 'req_1', total_ms: 7, attempt: null, status: null },
      { request_id: 'req_2', total_ms: 2, attempt: 1, status: 503 },
    ],
  ])
})
