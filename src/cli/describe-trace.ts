import type { SpanRecord, Trace } from '../trace/trace.ts'
import type { Style } from './terminal.ts'

/** What a request did: a line for each step, with its calls, what it is part of above it. */
export function describeTrace(trace: Trace, style: Style): string {
  const spans = trace.spans()
  const linesBelow = (parent: number | null, depth: number): string[] =>
    spans
      .filter((span) => span.parent === parent)
      .flatMap((span) => [
        ...linesOf(span, style).map((line) => '  '.repeat(depth) + line),
        ...linesBelow(span.id, depth + 1),
      ])
  return linesBelow(null, 0).join('\n')
}

function linesOf(span: SpanRecord, style: Style): string[] {
  const tookMs = (span.endedMs ?? span.startedMs) - span.startedMs
  const outcome = span.outcome === 'ok' ? '' : `, ${span.outcome ?? 'not ended'}`
  const step = `${span.stage} ${style.bold(span.name)} at ${seconds(span.startedMs)} for ${seconds(tookMs)}${outcome}`
  const notes = span.notes.map(({ atMs, event }) => `  ${event} at ${seconds(atMs)}`)
  const calls = span.ledger.map(({ requested, usage, source, costUsd, outcome: ended, status }) => {
    const tokens = usage ? `${usage.promptTokens} + ${usage.completionTokens} tokens (${source})` : 'tokens not known'
    const cost = costUsd === null ? 'cost unknown' : `$${costUsd.toFixed(6)}`
    const answered = status === null ? '' : ` (status ${status})`
    return `  call to ${requested}: ${ended}${answered}, ${tokens}, ${cost}`
  })
  return [step, ...[...notes, ...calls].map(style.dim)]
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`
}
