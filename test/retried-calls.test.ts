/** How often a failing upstream is asked, for every way to fail and in each part that its model can have. */
import { afterEach, describe, expect, it } from 'vitest'
import { type Clock, systemClock } from '../src/chat/clock.ts'
import { errorCodes, UpstreamError, type UpstreamErrorCode } from '../src/chat/errors.ts'
import { type ChaosUpstream, type FaultName, startChaosUpstream } from '../src/testing/chaos-upstream.ts'
import { runConfig } from '../src/testing/run-config.ts'
import type { RunningGateway } from '../src/testing/run-gateway.ts'
import { seed } from './seed.ts'

/** Calls that the upstream was sent. */
interface Expected {
  readonly fault: FaultName | 'refused connection'
  readonly alone: number
  readonly worker: number
  readonly router: number
  /** What it is where the router is who waits, if that is something else. */
  readonly routerCode?: UpstreamErrorCode
}

const once = { alone: 1, worker: 1, router: 1 }
/** The router has a default to go on with. */
const again = { alone: 3, worker: 3, router: 2 }

/** Without those that no upstream is the cause of: the breaker's refusal, and a mixture's answer in no form. */
type SentCode = Exclude<UpstreamErrorCode, 'upstream_unavailable' | 'upstream_invalid_format'>

const expectedOf: Readonly<Record<SentCode, Expected>> = {
  upstream_unreachable: { fault: 'refused connection', ...again },
  upstream_reset: { fault: 'reset before headers', ...again },
  upstream_timeout: { fault: 'hang before headers', ...once },
  // The router has one limit, for all of its choice.
  upstream_idle_timeout: { fault: 'comments after content', ...once, routerCode: 'upstream_timeout' },
  // The router asks in simpler forms, each of which may be what is refused.
  upstream_bad_request: { fault: '400', ...once, router: 4 },
  context_length_exceeded: { fault: 'context overflow', ...once },
  upstream_auth_failed: { fault: '401', ...once },
  upstream_model_not_found: { fault: '404', ...once },
  rate_limit_exceeded: { fault: '429 without a time', ...again },
  upstream_quota_exhausted: { fault: 'quota used up', ...once },
  upstream_error: { fault: '500', ...again },
  upstream_bad_content_type: { fault: 'a web page', ...once },
  upstream_malformed: { fault: 'an empty body', ...again },
  upstream_empty_response: { fault: 'null content', ...again },
  upstream_stream_cut: { fault: 'body shorter than its length', ...again },
  upstream_stream_truncated: { fault: 'stream with nothing but a role', ...again },
  upstream_output_limit: { fault: 'endless stream', ...once },
  upstream_redirect: { fault: 'redirect', ...once },
  upstream_response_too_large: { fault: '20 KB of headers', ...once },
}

/** On which the waits between attempts are over at once. */
const hasty: Clock = {
  now: () => systemClock.now(),
  wallTime: () => systemClock.wallTime(),
  after: (delayMs, run) => systemClock.after(delayMs < 1000 ? 0 : delayMs, run),
}

let upstream: ChaosUpstream
let gateway: RunningGateway

async function run({ fault }: Expected, code: string): Promise<void> {
  const isFailing = (model: string): boolean => model.startsWith('failing')
  upstream = await startChaosUpstream({
    seed,
    choose: ({ model }) => (isFailing(model) && fault !== 'refused connection' ? fault : null),
  })
  const failingUrl = fault === 'refused connection' ? 'http://127.0.0.1:1/v1' : upstream.baseUrl
  // Nothing is waited for after a limit, so that the clock need not hurry.
  const isSlow = code.endsWith('timeout')
  const limitMs = isSlow ? 300 : 30_000
  const limits = `{ first_content_ms: ${limitMs}, idle_ms: ${limitMs}, total_ms: 60000 }`
  const text = `
server: { deadlines: ${limits} }
upstreams:
  up: { kind: openai, base_url: "${upstream.baseUrl}" }
  failing: { kind: openai, base_url: "${failingUrl}" }
models:
  - { id: good, upstream: up }
  - { id: failing-alone, upstream: failing }
  - { id: failing-worker, upstream: failing }
  - { id: failing-router, upstream: failing }
mixtures:
  - { name: generic, description: Anything, workers: [good], aggregate: good }
  - { name: other, description: Something else, workers: [good], aggregate: good }
  - { name: mixture, workers: [failing-worker, good], aggregate: good, quorum: 2, grace_ms: 30000, worker_deadlines: ${limits} }
router: { model: failing-router, default: generic, deadline_ms: ${limitMs} }
`
  gateway = await runConfig(text, {}, { clock: isSlow ? systemClock : hasty })
}

/** How often the failing model was called for one request, and with what error each time. */
async function callsFor(
  model: string,
  asked: string,
): Promise<{ readonly calls: number; readonly codes: Set<string> }> {
  const before = gateway.traces.length
  const response = await gateway.chat({ model, messages: [{ role: 'user', content: 'What do the wheels say?' }] })
  await response.text()
  const rows = gateway.traces
    .slice(before)
    .flatMap((trace) => trace.ledger().filter(({ requested }) => requested === asked))
  return { calls: rows.length, codes: new Set(rows.map(({ outcome }) => outcome)) }
}

const table = Object.entries(expectedOf)

describe('a model of an upstream', () => {
  afterEach(async () => {
    await gateway.close()
    await upstream.close()
  })

  it.each(table)('that fails with %s is asked as often as may help', async (code, expected) => {
    await run(expected, code)
    const { alone, worker, router, routerCode = code } = expected
    expect(await callsFor('failing-alone', 'failing-alone')).toEqual({ calls: alone, codes: new Set([code]) })
    expect(await callsFor('mixture', 'failing-worker')).toEqual({ calls: worker, codes: new Set([code]) })
    expect(await callsFor('router', 'failing-router')).toEqual({ calls: router, codes: new Set([routerCode]) })
    const reached = upstream.calls.filter((model) => model.startsWith('failing')).length
    expect(reached).toBe(expected.fault === 'refused connection' ? 0 : alone + worker + router)
  })
})

it('is told in the ledger: which attempt each call was, and the status of an error', async () => {
  upstream = await startChaosUpstream({ seed, choose: (_call, index) => (index === 0 ? '503' : null) })
  const text = `
upstreams: { up: { kind: openai, base_url: "${upstream.baseUrl}" } }
models: [{ id: a, upstream: up }]
mixtures: []
`
  gateway = await runConfig(text, {}, { clock: hasty })
  const messages = [{ role: 'user', content: 'What do the wheels say?' }]
  const response = await gateway.chat({ model: 'a', messages, mollmr: { include: ['usage'] } })
  const { usage } = (await response.json()) as { usage: { mollmr: { ledger: unknown } } }
  expect(usage.mollmr.ledger).toMatchObject([
    { requested: 'a', attempt: 1, outcome: 'upstream_error', status: 503 },
    { requested: 'a', attempt: 2, outcome: 'ok', status: null },
  ])
  await gateway.close()
  await upstream.close()
})

it('has every error of an upstream, and those that may pass are the ones that are tried again', () => {
  const unsent: UpstreamErrorCode[] = ['upstream_unavailable', 'upstream_invalid_format']
  const upstreamCodes = errorCodes.filter((code) => code.startsWith('upstream_') || code in expectedOf)
  expect(new Set(upstreamCodes)).toEqual(new Set([...Object.keys(expectedOf), ...unsent]))
  const passing = (upstreamCodes as UpstreamErrorCode[]).filter((code) => new UpstreamError(code, '').isRetryable)
  expect(new Set(passing)).toEqual(new Set(table.flatMap(([code, { alone }]) => (alone > 1 ? [code] : []))))
})
