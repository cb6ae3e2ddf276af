import { expect, it } from 'vitest'
import { type LedgerRow, type Span, tracedCalls } from './trace.ts'

function row(fields: Partial<LedgerRow>): LedgerRow {
  return {
    ...{ stage: 'worker', requested: 'a', resolved: 'a', attempt: 1, outcome: 'ok', status: null, usage: null },
    ...{ source: 'missing', costUsd: null, headersMs: null, firstContentMs: null, totalMs: 10, bytes: 0, ...fields },
  }
}

function span(fields: Partial<Span>): Span {
  return {
    id: 0,
    parent: null,
    stage: 'worker',
    name: 'a',
    startedMs: 0,
    endedMs: 100,
    ledger: [],
    ...fields,
  }
}

it('places each call in the time of its request', () => {
  const worker = span({ id: 1, startedMs: 20, endedMs: 60, ledger: [row({ firstContentMs: 10, totalMs: 40 })] })
  expect(tracedCalls({ id: 'r', spans: [span({ stage: 'request', name: 'r' }), worker] })).toMatchObject([
    { id: '1 0', name: 'a', begins: 0.2, firstContent: 0.3, ends: 0.6 },
  ])
})

it('places calls that were made again one after the other, the last at the end of its step', () => {
  const ledger = [row({ totalMs: 10, outcome: 'upstream_reset' }), row({ totalMs: 30 })]
  const calls = tracedCalls({ id: 'r', spans: [span({ ledger })] })
  expect(calls.map(({ begins, ends }) => [begins, ends])).toEqual([
    [0, 0.1],
    [0.7, 1],
  ])
})
