import type { LedgerRow } from '../chat/call-context.ts'
import type { Trace } from '../trace/trace.ts'
import type { Metrics } from './metrics.ts'

/** Counts requests and their calls once they have ended: nothing is counted while they run. */
export function traceCounters(metrics: Metrics): (trace: Trace) => void {
  const requests = metrics.counter(
    'mollmr_requests_total',
    'Requests that have ended, by what was asked and how it ended.',
  )
  const degraded = metrics.counter('mollmr_degraded_total', 'Answers for which something was missing.')
  const retries = metrics.counter('mollmr_retries_total', 'Calls that were made again, by why.')
  const calls = metrics.counter('mollmr_upstream_calls_total', 'Calls to models, failed and stopped ones included.')
  const seconds = metrics.counter('mollmr_upstream_seconds_total', 'How long calls took together.')
  const tokens = metrics.counter('mollmr_tokens_total', 'Tokens, reported or estimated.')
  const cost = metrics.counter('mollmr_cost_usd_total', 'US dollars for calls whose price is known.')
  const requestOf = remembered((route, outcome) => requests.tally({ route, outcome }))
  const callOf = remembered((model, stage, outcome) => calls.tally({ model, stage, outcome }))
  const modelOf = remembered((model) => ({
    seconds: seconds.tally({ model }),
    prompt: tokens.tally({ model, kind: 'prompt' }),
    completion: tokens.tally({ model, kind: 'completion' }),
    cost: cost.tally({ model }),
  }))
  const countCall = ({ stage, requested, outcome, usage, costUsd, totalMs }: LedgerRow): void => {
    callOf(requested, stage, outcome).value += 1
    const model = modelOf(requested)
    model.seconds.value += totalMs / 1000
    model.prompt.value += usage?.promptTokens ?? 0
    model.completion.value += usage?.completionTokens ?? 0
    model.cost.value += costUsd ?? 0
  }
  return (trace) => {
    const route = routeName(trace.attributes.route)
    const spans = trace.spans()
    requestOf(route, spans[0]?.outcome ?? 'internal_error').value += 1
    if (trace.attributes.degraded !== undefined) degraded.add({ route })
    for (const { notes, ledger } of spans) {
      for (const { event, attributes } of notes)
        if (event === 'retry') retries.add({ model: attributes.model ?? '', code: String(attributes['code']) })
      for (const row of ledger) countCall(row)
    }
  }
}

/** Finds what was made for the same names before: this runs for every call. */
function remembered<T>(make: (...names: readonly string[]) => T): (...names: readonly string[]) => T {
  const known = new Map<string, T>()
  return (...names) => {
    const key = names.join('\n')
    const found = known.get(key) ?? make(...names)
    known.set(key, found)
    return found
  }
}

/** A mixture that was composed for one request has a name of its own: as many lines as requests would help nobody. */
function routeName(route = ''): string {
  return route.startsWith('plan:') ? 'plan' : route
}
