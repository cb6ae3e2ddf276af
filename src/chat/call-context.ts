/** What travels beside a request: its abort, its time, its trace and what it may still spend. */
import type { Clock } from './clock.ts'
import type { Deadline } from './deadline.ts'
import type { ErrorCode } from './errors.ts'
import type { HeldText } from './held-text.ts'
import type { Usage, UsageSource, UsageTotal } from './usage.ts'

export interface CallContext {
  /** One abort tree: a parent's abort ends everything below it. Its reason is a `MollmrError`. */
  readonly signal: AbortSignal
  readonly deadline: Deadline
  readonly span: Span
  readonly budget: CallBudget
  readonly clock: Clock
  /**
   * Drops what was said so far, because the answer begins anew: a call that broke off may be made once more. Null where
   * somebody may have seen its beginning, or where it is not this context's own answer that is collected.
   */
  readonly startOver: (() => void) | null
  /** Hears of what comes in for this call; null where nobody counts it. */
  readonly meter: ResponseMeter | null
}

/** Counts what a server sends in one call. */
export interface ResponseMeter {
  /** The head of its response is here. */
  answered(): void
  /** So many bytes of the body have come. */
  received(bytes: number): void
}

/** `request` is the caller's; `route` the router's own calls; `call` one attempt at one upstream. */
export type Stage = 'request' | 'route' | 'mixture' | 'worker' | 'aggregate' | 'call'

/**
 * What a span says of itself. The gateway turns those of the root into `x-mollmr-*` headers: `route`, `routeSource`,
 * `routeConfidence`, `model` (the upstream model that wrote the answer), `degraded` ("2/3").
 */
export interface SpanAttributes {
  readonly route?: string
  readonly routeSource?: string
  readonly routeConfidence?: number
  readonly model?: string
  readonly degraded?: string
  readonly [name: string]: unknown
}

/** One row of the ledger: one attempt at one upstream, also where it failed or was aborted. */
export interface LedgerRow {
  readonly stage: Stage
  /** The id of its span in the trace. */
  readonly step: number
  /** The configured id that was asked. */
  readonly requested: string
  /** The model that the upstream says has answered; null where it said nothing. */
  readonly resolved: string | null
  /** 1, 2, ...: which call to this model in the same step it is; any after the first is made because that one failed. */
  readonly attempt: number
  readonly outcome: 'ok' | ErrorCode
  /** The HTTP status of an answer that was an error; null where there was none. */
  readonly status: number | null
  readonly usage: Usage | null
  readonly source: UsageSource
  /** US dollars; null where the price or the usage is unknown. */
  readonly costUsd: number | null
  /** Milliseconds from the call's start to the head of the response; null where none came, or not over HTTP. */
  readonly headersMs: number | null
  /** Milliseconds from the call's start to its first content; null where there was none. */
  readonly firstContentMs: number | null
  readonly totalMs: number
  /** Of the response's body, as they came over HTTP. */
  readonly bytes: number
}

/** One step of a request. Spans form a tree; the ledger's rows hang on it. */
export interface Span {
  readonly stage: Stage
  /** Opens a span below this one. */
  child(stage: Stage, name: string, attributes?: SpanAttributes): Span
  set(attributes: SpanAttributes): void
  /** Something that happened at a moment: a worker's first content, a retry. Listeners see it at once. */
  note(event: string, attributes?: SpanAttributes): void
  /** Tells listeners of the next piece of a draft that is being written. */
  say(piece: string): void
  /** Tells listeners of a draft that has come. A trace keeps no texts: who does not listen never has it. */
  draft(text: HeldText): void
  /** Adds a row, and numbers it. */
  record(call: Omit<LedgerRow, 'step' | 'attempt'>): LedgerRow
  /** Closes the span. Only the first call counts. */
  end(outcome: 'ok' | ErrorCode): void
  /** The sum over all ledger rows at or below this span so far. */
  total(): UsageTotal
}

/** What calls take, or may take. */
export interface Spending {
  readonly calls: number
  /** Of prompts and answers together. */
  readonly tokens: number
  /** US dollars, as far as prices are known. */
  readonly costUsd: number
}

/** What a request may still spend, shared by everything below it. */
export interface CallBudget {
  /** What is neither spent nor set aside; `Infinity` where there is no limit. */
  readonly left: Spending
  /**
   * Sets aside what one call is expected to take; the returned function, called once with the call's row, puts what it
   * did take in its place. `expected` is asked only where there is a limit.
   *
   * @throws BudgetError where less is left
   */
  reserve(expected: () => Spending): (row: LedgerRow) => void
}
