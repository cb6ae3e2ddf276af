import { useState } from 'react'
import { meaningOf } from './error-words.ts'
import { formatAttempt, formatBytes, formatCost, formatMs } from './format.ts'
import { failureOf, type GatewayClient } from './gateway-client.ts'
import { type LedgerRow, type TracedCall, tracedCalls } from './trace.ts'

interface CallsProps {
  readonly client: GatewayClient
  readonly requestId: string
}

/** Every call that was made for an answer: when, what came of it, what it took. Fetched once it is opened. */
export function Calls({ client, requestId }: CallsProps) {
  const [calls, setCalls] = useState<readonly TracedCall[] | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  const load = (): void => {
    if (calls) return
    client.trace(requestId).then(
      (trace) => {
        setCalls(tracedCalls(trace))
      },
      (error: unknown) => {
        setProblem(failureOf(error).message)
      },
    )
  }
  return (
    <details className="calls" onToggle={load}>
      <summary>Calls</summary>
      {problem !== null && <p role="alert">{problem}</p>}
      {calls && <CallsTable calls={calls} />}
    </details>
  )
}

function CallsTable({ calls }: { readonly calls: readonly TracedCall[] }) {
  return (
    <div className="wide">
      <table>
        <thead>
          <tr>
            <th>step</th>
            <th>model</th>
            <th className="line">time</th>
            <th>outcome</th>
            <th className="number">answered</th>
            <th className="number">first words</th>
            <th className="number">took</th>
            <th className="number">tokens in</th>
            <th className="number">out</th>
            <th className="number">cost</th>
            <th className="number">received</th>
          </tr>
        </thead>
        <tbody>
          {calls.map((call) => (
            <CallRow key={call.id} {...call} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

function CallRow(call: TracedCall) {
  const { stage, requested, resolved, attempt, usage, source, costUsd, headersMs, firstContentMs, totalMs, bytes } =
    call.row
  const guess = source === 'estimated' ? '≈ ' : ''
  const count = (tokens: number | undefined): string =>
    tokens === undefined ? '?' : guess + tokens.toLocaleString('en')
  return (
    <tr>
      <td>
        {stage} {call.name}
      </td>
      <td title={resolved === null ? undefined : `the upstream calls it ${resolved}`}>
        {requested}
        {attempt > 1 && <span className="tag warning">{formatAttempt(attempt)}</span>}
      </td>
      <td className="line">
        <TimeLine {...call} />
      </td>
      <Outcome {...call.row} />
      <td className="number">{formatMoment(headersMs)}</td>
      <td className="number">{formatMoment(firstContentMs)}</td>
      <td className="number">{formatMs(totalMs)}</td>
      <td className="number">{count(usage?.promptTokens)}</td>
      <td className="number">{count(usage?.completionTokens)}</td>
      <td className="number">{costUsd === null ? '?' : formatCost(costUsd)}</td>
      <td className="number">{bytes === 0 ? '–' : formatBytes(bytes)}</td>
    </tr>
  )
}

function formatMoment(ms: number | null): string {
  return ms === null ? '–' : formatMs(ms)
}

/** What came of a call: where it failed, why, and with which status it was refused. */
function Outcome({ outcome, status }: LedgerRow) {
  if (outcome === 'ok') return <td className="ok">ok</td>
  return (
    <td className="outcome">
      <span className="bad">
        {status !== null && `${status} `}
        <code>{outcome}</code>
      </span>{' '}
      {meaningOf(outcome)}
    </td>
  )
}

/** Waiting for the first words, then writing. */
function TimeLine({ begins, firstContent, ends }: TracedCall) {
  const write = firstContent ?? ends
  return (
    <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
      <rect className="waits" x={begins * 100} y="4" width={Math.max(0.5, (write - begins) * 100)} height="2" />
      <rect className="writes" x={write * 100} y="1" width={Math.max(0, (ends - write) * 100)} height="8" />
    </svg>
  )
}
