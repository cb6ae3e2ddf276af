/**
 * A trace is the record of one request: a tree of spans, and the ledger of every call that was made. It travels in
 * `CallContext.span`, beside the answer, never inside it.
 */
import type { LedgerRow, Span, SpanAttributes, Stage } from '../chat/call-context.ts'
import type { Clock } from '../chat/clock.ts'
import type { ErrorCode } from '../chat/errors.ts'
import type { HeldText } from '../chat/held-text.ts'
import type { UsageSource, UsageTotal } from '../chat/usage.ts'

export interface SpanRecord {
  readonly id: number
  readonly parent: number | null
  readonly stage: Stage
  readonly name: string
  /** Milliseconds since the trace began. */
  readonly startedMs: number
  readonly endedMs: number | null
  readonly outcome: 'ok' | ErrorCode | null
  readonly attributes: SpanAttributes
  readonly notes: readonly SpanNote[]
  readonly ledger: readonly LedgerRow[]
}

export interface SpanNote {
  readonly atMs: number
  readonly event: string
  readonly attributes: SpanAttributes
}

/** What a listener hears, at the moment it happens. */
export type TraceEvent =
  | { readonly type: 'started'; readonly span: SpanRecord }
  | { readonly type: 'note'; readonly span: SpanRecord; readonly note: SpanNote }
  /** A piece of a draft that is being written; after a note `retry` it begins anew. */
  | { readonly type: 'said'; readonly span: SpanRecord; readonly piece: string }
  | { readonly type: 'draft'; readonly span: SpanRecord; readonly text: HeldText }
  | { readonly type: 'ended'; readonly span: SpanRecord }

export type TraceListener = (event: TraceEvent) => void

export interface Trace {
  readonly id: string
  /** Milliseconds since 1970. */
  readonly startedAt: number
  readonly root: Span
  /** The attributes of the root so far: what the `x-mollmr-*` headers say. */
  readonly attributes: SpanAttributes
  /** True once its root is closed. */
  readonly hasEnded: boolean
  /** Every span so far, parents before children. */
  spans(): readonly SpanRecord[]
  /** Every ledger row so far. */
  ledger(): readonly LedgerRow[]
  /** Hears of every span from now on; the returned function ends that. */
  listen(listener: TraceListener): () => void
}

export function createTrace(id: string, clock: Clock): Trace {
  return new RequestTrace(id, clock)
}

/** A class: an accessor in an object literal costs the old heap a pair and a map for each object that is made. */
class RequestTrace implements Trace {
  readonly id: string
  readonly startedAt: number
  readonly root: TraceSpan
  readonly #log: TraceLog

  constructor(id: string, clock: Clock) {
    this.id = id
    this.startedAt = clock.wallTime()
    this.#log = new TraceLog(clock)
    this.root = this.#log.open({ stage: 'request', name: id, parent: null, attributes: {} })
  }

  get attributes(): SpanAttributes {
    return this.root.attributes
  }

  get hasEnded(): boolean {
    return this.root.endedMs !== null
  }

  spans(): readonly SpanRecord[] {
    return this.#log.spans
  }

  ledger(): readonly LedgerRow[] {
    return this.#log.spans.flatMap((span) => span.ledger)
  }

  listen(listener: TraceListener): () => void {
    return this.#log.listen(listener)
  }
}

class TraceLog {
  readonly spans: TraceSpan[] = []
  readonly #listeners = new Set<TraceListener>()
  readonly #clock: Clock
  readonly #startMs: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#startMs = clock.now()
  }

  open(start: SpanStart): TraceSpan {
    const span = new TraceSpan(this, this.spans.length, start)
    this.spans.push(span)
    this.tell({ type: 'started', span })
    return span
  }

  listen(listener: TraceListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  tell(event: TraceEvent): void {
    for (const listener of this.#listeners) listener(event)
  }

  elapsedMs(): number {
    return this.#clock.now() - this.#startMs
  }
}

interface SpanStart {
  readonly stage: Stage
  readonly name: string
  readonly parent: TraceSpan | null
  readonly attributes: SpanAttributes
}

class TraceSpan implements Span, SpanRecord {
  readonly id: number
  readonly stage: Stage
  readonly name: string
  readonly parent: number | null
  readonly startedMs: number
  readonly notes: SpanNote[] = []
  readonly ledger: LedgerRow[] = []
  endedMs: number | null = null
  outcome: 'ok' | ErrorCode | null = null
  attributes: SpanAttributes
  readonly #log: TraceLog
  readonly #children: TraceSpan[] = []

  constructor(log: TraceLog, id: number, start: SpanStart) {
    this.#log = log
    this.id = id
    this.stage = start.stage
    this.name = start.name
    this.parent = start.parent?.id ?? null
    this.attributes = start.attributes
    this.startedMs = log.elapsedMs()
    if (start.parent) start.parent.#children.push(this)
  }

  child(stage: Stage, name: string, attributes: SpanAttributes = {}): Span {
    return this.#log.open({ stage, name, parent: this, attributes })
  }

  set(attributes: SpanAttributes): void {
    this.attributes = { ...this.attributes, ...attributes }
  }

  note(event: string, attributes: SpanAttributes = {}): void {
    const note = { atMs: this.#log.elapsedMs(), event, attributes }
    this.notes.push(note)
    this.#log.tell({ type: 'note', span: this, note })
  }

  say(piece: string): void {
    this.#log.tell({ type: 'said', span: this, piece })
  }

  draft(text: HeldText): void {
    this.#log.tell({ type: 'draft', span: this, text })
  }

  record(call: Omit<LedgerRow, 'step' | 'attempt'>): LedgerRow {
    const attempt = 1 + this.ledger.filter(({ requested }) => requested === call.requested).length
    const row = { ...call, step: this.id, attempt }
    this.ledger.push(row)
    return row
  }

  end(outcome: 'ok' | ErrorCode): void {
    if (this.endedMs !== null) return
    this.endedMs = this.#log.elapsedMs()
    this.outcome = outcome
    this.#log.tell({ type: 'ended', span: this })
  }

  total(): UsageTotal {
    return sumRows(this.#rows())
  }

  #rows(): LedgerRow[] {
    return [...this.ledger, ...this.#children.flatMap((child) => child.#rows())]
  }
}

const weakness: Readonly<Record<UsageSource, number>> = { reported: 0, estimated: 1, missing: 2 }

function sumRows(rows: readonly LedgerRow[]): UsageTotal {
  const sum = { promptTokens: 0, completionTokens: 0, cachedTokens: 0, reasoningTokens: 0 }
  let costUsd: number | null = 0
  let source: UsageSource = 'reported'
  for (const row of rows) {
    sum.promptTokens += row.usage?.promptTokens ?? 0
    sum.completionTokens += row.usage?.completionTokens ?? 0
    sum.cachedTokens += row.usage?.cachedTokens ?? 0
    sum.reasoningTokens += row.usage?.reasoningTokens ?? 0
    costUsd = costUsd === null || row.costUsd === null ? null : costUsd + row.costUsd
    if (weakness[row.source] > weakness[source]) source = row.source
  }
  return { ...sum, calls: rows.length, costUsd, source }
}
