/** What one request did, as `GET /mollmr/v1/traces/{id}` tells it, and the calls in it. */

export interface Trace {
  readonly id: string
  readonly spans: readonly Span[]
}

export interface Span {
  readonly id: number
  readonly parent: number | null
  readonly stage: string
  readonly name: string
  /** Milliseconds since the request came. */
  readonly startedMs: number
  readonly endedMs: number | null
  readonly ledger: readonly LedgerRow[]
}

export interface LedgerRow {
  readonly stage: string
  readonly requested: string
  readonly resolved: string | null
  /** 1, 2, …: which call to this model in the same step it is. */
  readonly attempt: number
  /** `ok`, or an error code. */
  readonly outcome: string
  /** The HTTP status of an answer that was an error. */
  readonly status: number | null
  readonly usage: { readonly promptTokens: number; readonly completionTokens: number } | null
  readonly source: 'reported' | 'estimated' | 'missing'
  /** Dollars; null where it is not known. */
  readonly costUsd: number | null
  /** Milliseconds from the beginning of the call; null where that never came, or not over HTTP. */
  readonly headersMs: number | null
  readonly firstContentMs: number | null
  readonly totalMs: number
  /** Of the body of the response; 0 where nothing came over HTTP. */
  readonly bytes: number
}

/** One call to an upstream, and where it lies in the time of its request: shares of the whole, 0 to 1. */
export interface TracedCall {
  readonly id: string
  /** Of the step that it was made for. */
  readonly name: string
  readonly row: LedgerRow
  readonly begins: number
  readonly firstContent: number | null
  readonly ends: number
}

/** Every call, in the order of the steps. Of several calls for one step only the last is known to end with it. */
export function tracedCalls({ spans }: Trace): readonly TracedCall[] {
  const wholeMs = Math.max(1, ...spans.map(({ startedMs, endedMs }) => endedMs ?? startedMs))
  return spans.flatMap((span) =>
    placed(span).map(({ row, beginsMs }, index) => ({
      id: `${span.id} ${index}`,
      name: span.name,
      row,
      begins: Math.max(0, beginsMs) / wholeMs,
      firstContent: row.firstContentMs === null ? null : Math.max(0, beginsMs + row.firstContentMs) / wholeMs,
      ends: Math.min(1, (beginsMs + row.totalMs) / wholeMs),
    })),
  )
}

/** A row has no moment of its own: the first call begins with its step, each other ends before the next, the last with it. */
function placed({
  ledger,
  startedMs,
  endedMs,
}: Span): readonly { readonly row: LedgerRow; readonly beginsMs: number }[] {
  let untilMs = endedMs ?? startedMs
  const fromLast = ledger.toReversed().map((row, index) => {
    const isFirst = index === ledger.length - 1
    const beginsMs = isFirst ? startedMs : untilMs - row.totalMs
    untilMs = beginsMs
    return { row, beginsMs }
  })
  return fromLast.toReversed()
}
