/**
 * The log of what was asked and what it cost: one row per request, one per call to an upstream. It lies in an embedded
 * SQLite file, holds no prompt and no answer, and never makes a request wait.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { LedgerRow } from '../chat/call-context.ts'
import type { Clock } from '../chat/clock.ts'
import type { SpanRecord, Trace } from '../trace/trace.ts'
import { makeTables } from './log-tables.ts'
import { countTornFrames } from './torn-frames.ts'
import { WalSync } from './wal-sync.ts'

export interface RequestLogOptions {
  readonly clock: Clock
  /** Of this process, and whether another lives: what a process was doing when it died is told by the next. */
  readonly process: { readonly pid: number; readonly isAlive: (pid: number) => boolean }
  /** Hears of rows that could not be written: they are tried again where that may help, else dropped; requests go on. */
  readonly onError: (error: unknown) => void
}

export interface RequestLog {
  /** What the process before has left behind. */
  readonly found: Leavings
  /** Requests that are missing in the log so far, because it could not be written. */
  readonly dropped: number
  /** Takes a request that has begun: where the process dies before it ends, the next one knows of it. */
  begin(trace: Trace): void
  /** True from a write that failed to the next that did not. */
  readonly isFailing: boolean
  /** Takes a finished request; 100 ms later it is written, and on its way to the disk. */
  add(trace: Trace): void
  /** Writes a finished request, with all that end in this turn of the loop. Resolves once it is on the disk; rejects where it cannot be brought there. */
  record(trace: Trace): Promise<void>
  /** Writes what is left and closes the file. */
  close(): void
}

/** After a crash. */
export interface Leavings {
  /** Requests that ran when their process died; they are in the log as `aborted_crash`. */
  readonly aborted: number
  /** Pages of a write that was cut in the middle: that write is not in the log. */
  readonly tornPages: number
}

export const logFileName = 'mollmr.sqlite'
const writeAfterMs = 100
const againAfterMs = 1000
/** Requests that wait for a disk that is full or a file that another process holds. */
const mostWaiting = 10_000
/** SQLITE_BUSY, LOCKED, IOERR, FULL: what may pass. Waiting for it would make requests wait. */
const passing: ReadonlySet<unknown> = new Set([5, 6, 10, 13])

/** Names its columns: those that files have been given later stand last there. */
const insertCall = `
  insert into calls (
    request_id, stage, step, requested, resolved, attempt, outcome, status, prompt_tokens, completion_tokens,
    cached_tokens, reasoning_tokens, source, cost_usd, headers_ms, first_content_ms, total_ms, bytes
  ) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
`

/** Opens `directory/mollmr.sqlite`, making both where they are missing. */
export function openRequestLog(directory: string, options: RequestLogOptions): RequestLog {
  mkdirSync(directory, { recursive: true })
  const path = join(directory, logFileName)
  const tornPages = countTornFrames(`${path}-wal`)
  const database = new DatabaseSync(path)
  database.exec('pragma busy_timeout = 2000; pragma journal_mode = wal; pragma synchronous = normal')
  makeTables(database)
  const walSync = new WalSync(path, options.onError)
  const aborted = closeAbandoned(database, options)
  // From here on requests would wait.
  database.exec('pragma busy_timeout = 0')
  return new SqliteRequestLog({ database, walSync }, { ...options, found: { aborted, tornPages } })
}

/** How long they ran is not known: 0. A process that has our own number is one of an earlier life of this container. */
function closeAbandoned(database: DatabaseSync, { process: { pid, isAlive } }: RequestLogOptions): number {
  const rows = database.prepare('select id, started_at, route, pid from running').all()
  const abandoned = rows.filter((row) => row['pid'] === pid || !isAlive(Number(row['pid'])))
  const insert = database.prepare(
    `insert or ignore into requests values (?, ?, ?, null, null, null, 'aborted_crash', 0)`,
  )
  const remove = database.prepare('delete from running where id = ?')
  database.exec('begin')
  for (const { id = null, started_at: startedAt = null, route = null } of abandoned) {
    insert.run(id, startedAt, route)
    remove.run(id)
  }
  database.exec('commit')
  return abandoned.length
}

class SqliteRequestLog implements RequestLog {
  readonly found: Leavings
  readonly #database: DatabaseSync
  readonly #walSync: WalSync
  readonly #options: RequestLogOptions
  readonly #insertRequest: StatementSync
  readonly #insertCall: StatementSync
  readonly #insertRunning: StatementSync
  readonly #deleteRunning: StatementSync
  readonly #insertLoss: StatementSync
  /** Have begun and are not on disk yet. */
  readonly #begun = new Set<Trace>()
  /** Ids of those that the disk says are running. */
  readonly #running = new Set<string>()
  /** Of these, the ones that have ended and were dropped. */
  readonly #gone = new Set<string>()
  #waiting: Trace[] = []
  #untold = 0
  #cancelWrite: (() => void) | undefined
  #recording: Promise<void> | undefined
  dropped = 0
  isFailing = false

  constructor(
    { database, walSync }: { readonly database: DatabaseSync; readonly walSync: WalSync },
    { found, ...options }: RequestLogOptions & { readonly found: Leavings },
  ) {
    this.found = found
    this.#database = database
    this.#walSync = walSync
    this.#options = options
    this.#insertRequest = database.prepare('insert or replace into requests values (?, ?, ?, ?, ?, ?, ?, ?)')
    this.#insertCall = database.prepare(insertCall)
    this.#insertRunning = database.prepare('insert or replace into running values (?, ?, ?, ?)')
    this.#deleteRunning = database.prepare('delete from running where id = ?')
    this.#insertLoss = database.prepare('insert into losses values (?, ?)')
  }

  begin(trace: Trace): void {
    this.#begun.add(trace)
    this.#schedule(writeAfterMs)
  }

  add(trace: Trace): void {
    this.#begun.delete(trace)
    this.#waiting.push(trace)
    this.#schedule(writeAfterMs)
  }

  record(trace: Trace): Promise<void> {
    this.add(trace)
    this.#recording ??= this.#recordSoon()
    return this.#recording
  }

  close(): void {
    this.#write()
    this.#drop(this.#waiting.length)
    if (this.#gone.size > 0) this.#write()
    this.#cancelWrite?.()
    this.#tellDropped()
    this.#walSync.close()
    this.#database.close()
  }

  async #recordSoon(): Promise<void> {
    await setImmediate()
    this.#recording = undefined
    this.#write()
    if (this.isFailing) throw new Error('The request log cannot be written.')
    await this.#walSync.synced()
  }

  #schedule(afterMs: number): void {
    this.#cancelWrite ??= this.#options.clock.after(afterMs, () => {
      this.#write()
    })
  }

  /** The oldest go. They are counted, and told once: when writing works again, or at the end. */
  #drop(count: number): void {
    if (count <= 0) return
    for (const { id } of this.#waiting.splice(0, count)) if (this.#running.has(id)) this.#gone.add(id)
    this.#untold += count
    this.dropped += count
  }

  #tellDropped(): void {
    if (this.#untold === 0) return
    this.#options.onError(new Error(`${this.#untold} requests are missing in the log: it could not be written.`))
    this.#untold = 0
  }

  #write(): void {
    const traces = this.#waiting
    this.#waiting = []
    this.#cancelWrite?.()
    this.#cancelWrite = undefined
    try {
      this.#database.exec('begin')
      for (const trace of this.#begun) this.#writeRunning(trace)
      for (const trace of traces) this.#writeTrace(trace)
      for (const id of this.#gone) this.#deleteRunning.run(id)
      if (this.#untold > 0) this.#insertLoss.run(Math.round(this.#options.clock.wallTime()), this.#untold)
      this.#database.exec('commit')
      this.isFailing = false
      this.#walSync.request()
      this.#remember(traces)
      this.#tellDropped()
    } catch (error) {
      this.isFailing = true
      if (this.#database.isTransaction) this.#database.exec('rollback')
      this.#options.onError(error)
      this.#keep(traces, error)
    }
  }

  /** What the disk says is running, now that it has these. */
  #remember(ended: readonly Trace[]): void {
    for (const { id } of this.#begun) this.#running.add(id)
    for (const { id } of ended) this.#running.delete(id)
    for (const id of this.#gone) this.#running.delete(id)
    this.#begun.clear()
    this.#gone.clear()
  }

  /** For another time where that may help; what cannot be written at all must not stand in the way of the rest. */
  #keep(traces: readonly Trace[], error: unknown): void {
    const { errcode } = error as { readonly errcode?: unknown }
    this.#waiting = [...traces, ...this.#waiting]
    this.#drop(passing.has(errcode) ? this.#waiting.length - mostWaiting : traces.length)
    if (this.#waiting.length + this.#begun.size + this.#gone.size + this.#untold > 0) this.#schedule(againAfterMs)
  }

  #writeRunning({ id, startedAt, attributes: { route } }: Trace): void {
    this.#insertRunning.run(id, Math.round(startedAt), route ?? null, this.#options.process.pid)
  }

  #writeTrace(trace: Trace): void {
    const [root] = trace.spans()
    if (!root) return
    this.#deleteRunning.run(trace.id)
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
    row.step,
    row.requested,
    row.resolved,
    row.attempt,
    row.outcome,
    row.status,
    usage?.promptTokens ?? null,
    usage?.completionTokens ?? null,
    usage?.cachedTokens ?? null,
    usage?.reasoningTokens ?? null,
    row.source,
    row.costUsd,
    row.headersMs,
    row.firstContentMs,
    row.totalMs,
    row.bytes,
  ]
}
