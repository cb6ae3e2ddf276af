/**
 * The log of what was asked and what it cost: one row per request, one per call to an upstream. It lies in an embedded
 * SQLite file, holds no prompt and no answer, and never makes a request wait.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { LedgerRow } from '../chat/call-context.ts'
import type { Clock } from '../chat/clock.ts'
import type { SpanRecord, Trace } from '../trace/trace.ts'

export interface RequestLogOptions {
  readonly clock: Clock
  /** Hears of rows that could not be written: they are tried again where that may help, else dropped; requests go on. */
  readonly onError: (error: unknown) => void
}

export interface RequestLog {
  /** Takes a finished request; it is on disk within 100 ms. */
  add(trace: Trace): void
  /** Writes what is left and closes the file. */
  close(): void
}

const fileName = 'mollmr.sqlite'
const writeAfterMs = 100
const againAfterMs = 1000
/** Requests that wait for a disk that is full or a file that another process holds. */
const mostWaiting = 10_000
/** SQLITE_BUSY, LOCKED, IOERR, FULL: what may pass. Waiting for it would make requests wait. */
const passing: ReadonlySet<unknown> = new Set([5, 6, 10, 13])

const schema = `
  create table if not exists requests (
    id text primary key, started_at integer not null, route text, route_source text, model text, degraded text,
    outcome text not null, total_ms real not null
  ) strict;
  create table if not exists calls (
    request_id text not null references requests (id), stage text not null, requested text not null, resolved text,
    outcome text not null, prompt_tokens integer, completion_tokens integer, cached_tokens integer,
    reasoning_tokens integer, source text not null, cost_usd real, first_content_ms real, total_ms real not null
  ) strict;
  create index if not exists calls_by_request on calls (request_id);
`

/** Opens `directory/mollmr.sqlite`, making both where they are missing. */
export function openRequestLog(directory: string, options: RequestLogOptions): RequestLog {
  mkdirSync(directory, { recursive: true })
  const database = new DatabaseSync(join(directory, fileName))
  database.exec('pragma journal_mode = wal; pragma synchronous = normal; pragma busy_timeout = 0;')
  database.exec(schema)
  return new SqliteRequestLog(database, options)
}

class SqliteRequestLog implements RequestLog {
  readonly #database: DatabaseSync
  readonly #options: RequestLogOptions
  readonly #insertRequest: StatementSync
  readonly #insertCall: StatementSync
  #waiting: Trace[] = []
  #dropped = 0
  #cancelWrite: (() => void) | undefined

  constructor(database: DatabaseSync, options: RequestLogOptions) {
    this.#database = database
    this.#options = options
    this.#insertRequest = database.prepare('insert or replace into requests values (?, ?, ?, ?, ?, ?, ?, ?)')
    this.#insertCall = database.prepare('insert into calls values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)')
  }

  add(trace: Trace): void {
    this.#waiting.push(trace)
    this.#schedule(writeAfterMs)
  }

  close(): void {
    this.#cancelWrite?.()
    this.#write()
    this.#cancelWrite?.()
    this.#drop(this.#waiting.length)
    this.#tellDropped()
    this.#database.close()
  }

  #schedule(afterMs: number): void {
    this.#cancelWrite ??= this.#options.clock.after(afterMs, () => {
      this.#write()
    })
  }

  /** The oldest go. They are counted, and told once: when writing works again, or at the end. */
  #drop(count: number): void {
    if (count <= 0) return
    this.#waiting.splice(0, count)
    this.#dropped += count
  }

  #tellDropped(): void {
    if (this.#dropped === 0) return
    this.#options.onError(new Error(`${this.#dropped} requests are missing in the log: it could not be written.`))
    this.#dropped = 0
  }

  #write(): void {
    const traces = this.#waiting
    this.#waiting = []
    this.#cancelWrite = undefined
    try {
      this.#database.exec('begin')
      for (const trace of traces) this.#writeTrace(trace)
      this.#database.exec('commit')
      this.#tellDropped()
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('rollback')
      this.#options.onError(error)
      this.#keep(traces, error)
    }
  }

  /** For another time where that may help; what cannot be written at all must not stand in the way of the rest. */
  #keep(traces: readonly Trace[], error: unknown): void {
    const { errcode } = error as { readonly errcode?: unknown }
    this.#waiting = [...traces, ...this.#waiting]
    this.#drop(passing.has(errcode) ? this.#waiting.length - mostWaiting : traces.length)
    if (this.#waiting.length > 0) this.#schedule(againAfterMs)
  }

  #writeTrace(trace: Trace): void {
    const [root] = trace.spans()
    if (!root) return
    this.#insertRequest.run(...requestValues(trace, root))
    for (const row of trace.ledger()) this.#insertCall.run(trace.id, ...callValues(row))
  }
}

type SqlValue = string | number | null

function requestValues(trace: Trace, root: SpanRecord): SqlValue[] {
  const { route, routeSource, model, degraded } = root.attributes
  const totalMs = root.endedMs ?? root.startedMs
  return [
    trace.id,
    Math.round(trace.startedAt),
    route ?? null,
    routeSource ?? null,
    model ?? null,
    degraded ?? null,
    root.outcome ?? 'internal_error',
    totalMs,
  ]
}

function callValues(row: LedgerRow): SqlValue[] {
  const { usage } = row
  return [
    row.stage,
    row.requested,
    row.resolved,
    row.outcome,
    usage?.promptTokens ?? null,
    usage?.completionTokens ?? null,
    usage?.cachedTokens ?? null,
    usage?.reasoningTokens ?? null,
    row.source,
    row.costUsd,
    row.firstContentMs,
    row.totalMs,
  ]
}
