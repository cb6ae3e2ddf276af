import { expect, it } from 'vitest'
import { FakeClock } from '../testing/fake-clock.ts'
import { ledgerRow } from '../testing/ledger-row.ts'
import { createTrace } from '../trace/trace.ts'
import { traceCounters } from './count-traces.ts'
import { Metrics } from './metrics.ts'

const usage = { promptTokens: 10, completionTokens: 5, cachedTokens: 0, reasoningTokens: 0 }
const row = ledgerRow({ usage, costUsd: 0.25, totalMs: 1500 })

it('counts requests, calls by outcome, retries, tokens and cost', () => {
  const metrics = new Metrics()
  const count = traceCounters(metrics)
  for (const route of ['generic', 'plan:a+b>c', 'plan:a>b']) {
    const trace = createTrace('r', new FakeClock())
    trace.root.set({ route, degraded: '1/2' })
    const worker = trace.root.child('worker', 'a')
    worker.note('retry', { model: 'a', code: 'upstream_reset', waitMs: 1 })
    worker.record({ ...row, outcome: 'upstream_reset', usage: null, costUsd: null })
    worker.record(row)
    trace.root.end('ok')
    count(trace)
  }
  const lines = metrics.write().split('\n')
  for (const line of [
    'mollmr_requests_total{route="generic",outcome="ok"} 1',
    'mollmr_requests_total{route="plan",outcome="ok"} 2',
    'mollmr_degraded_total{route="plan"} 2',
    'mollmr_retries_total{model="a",code="upstream_reset"} 3',
    'mollmr_upstream_calls_total{model="a",stage="worker",outcome="ok"} 3',
    'mollmr_upstream_calls_total{model="a",stage="worker",outcome="upstream_reset"} 3',
    'mollmr_upstream_seconds_total{model="a"} 9',
    'mollmr_tokens_total{model="a",kind="prompt"} 30',
    'mollmr_cost_usd_total{model="a"} 0.75',
  ])
    expect(lines).toContain(line)
})
