import { describe, expect, it } from 'vitest'
import { createChatRequest } from '../chat/chat-request.ts'
import type { ChatEvent } from '../chat/chat-event.ts'
import type { ModelExplanation } from '../chat/explanation.ts'
import { collectAnswer } from '../chat/collect-answer.ts'
import type { DeadlineLimits } from '../chat/deadline.ts'
import { errorCodeOf, UpstreamError, type UpstreamErrorCode } from '../chat/errors.ts'
import { beginAsking } from '../testing/ask-model.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { createFakeModel, type FakeModel, type FakeStep, textSteps } from '../testing/fake-model.ts'
import { createCallContext } from '../trace/call-context.ts'
import { createTrace } from '../trace/trace.ts'
import { RetryBudget } from './retry-budget.ts'
import { retried } from './retry.ts'

const request = createChatRequest({ model: 'm', messages: [{ role: 'user', content: 'Hi' }], stream: true })

function failing(code: UpstreamErrorCode, retryAfterMs?: number): FakeStep {
  return { fail: new UpstreamError(code, code, retryAfterMs === undefined ? {} : { retryAfterMs }) }
}

interface Run {
  readonly model: FakeModel
  readonly outcome: string
  readonly text: string
  readonly waits: unknown[]
}

async function run(scripts: readonly FakeStep[][], limits: DeadlineLimits = {}, maxRetries = 2): Promise<Run> {
  const clock = new FakeClock()
  const trace = createTrace('t', clock)
  const model = createFakeModel('m', { script: (_request, call) => scripts[call] ?? [] })
  const events: ChatEvent[] = []
  const gather = async (): Promise<string> => {
    for await (const event of retried(model, { maxRetries, random: () => 1 }).chat(
      request,
      createCallContext({ clock, trace, limits }),
    )) {
      events.push(event)
    }
    return 'ok'
  }
  const ended = gather().catch((error: unknown) => (error as UpstreamError).code)
  await clock.advance(60_000)
  const text = events
    .map((event) => (event.type === 'chunk' ? (event.chunk.choices[0]?.delta.content ?? '') : ''))
    .join('')
  const notes = trace.spans()[0]?.notes ?? []
  expect(clock.pending).toBe(0)
  return { model, outcome: await ended, text, waits: notes.map((note) => note.attributes['waitMs']) }
}

describe('retried', () => {
  it('tries again what may pass, with delays that double', async () => {
    const { model, outcome, text, waits } = await run([
      [failing('upstream_reset')],
      [failing('upstream_error')],
      textSteps('Hello'),
    ])
    expect([outcome, text, model.calls.length]).toEqual(['ok', 'Hello', 3])
    expect(waits).toEqual([250, 500])
  })

  it('leaves nothing behind of an attempt that failed before its first content', async () => {
    const early = [{ delta: { role: 'assistant', content: '' } }, failing('upstream_stream_cut')]
    const { text, outcome } = await run([early, textSteps('Whole')])
    expect([outcome, text]).toEqual(['ok', 'Whole'])
  })

  it('never tries again after the first content', async () => {
    const { model, outcome, text } = await run([
      [{ delta: { content: 'Half' } }, failing('upstream_stream_cut')],
      textSteps('Whole'),
    ])
    expect([outcome, text, model.calls.length]).toEqual(['upstream_stream_cut', 'Half', 1])
  })

  it('gives up after its retries', async () => {
    const { model, outcome } = await run(Array.from({ length: 9 }, () => [failing('upstream_error')]))
    expect([outcome, model.calls.length]).toEqual(['upstream_error', 3])
  })

  it.each([
    'upstream_bad_request',
    'upstream_auth_failed',
    'context_length_exceeded',
    'upstream_quota_exhausted',
  ] as const)('does not try again what will not pass: %s', async (code) => {
    const { model, outcome } = await run([[failing(code)], textSteps('x')])
    expect([outcome, model.calls.length]).toEqual([code, 1])
  })

  it('waits as long as the upstream asks', async () => {
    const { outcome, waits } = await run([[failing('rate_limit_exceeded', 3000)], textSteps('x')])
    expect([outcome, waits]).toEqual(['ok', [3000]])
  })

  it('does not wait longer than 15 s, nor beyond its deadline', async () => {
    expect((await run([[failing('rate_limit_exceeded', 16_000)], textSteps('x')])).outcome).toBe('rate_limit_exceeded')
    expect((await run([[failing('rate_limit_exceeded', 3000)], textSteps('x')], { totalMs: 2000 })).outcome).toBe(
      'rate_limit_exceeded',
    )
  })

  it.each([
    [4000, 1],
    [9000, 3],
  ])('with %d ms in all and calls that take 2 s, makes %d', async (totalMs, calls) => {
    const clock = new FakeClock()
    const slow = createFakeModel('m', { script: () => [{ waitMs: 200 }, failing('upstream_error')] })
    const explain = (): ModelExplanation => ({
      kind: 'model',
      id: 'm',
      budget: 'fits',
      estimate: {
        calls: 1,
        promptTokens: 1,
        completionTokens: 1,
        knownCostUsd: 0,
        unpriced: [],
        least: { calls: 1, tokens: 2, costUsd: 0 },
        ms: 2000,
      },
    })
    const model = retried({ ...slow, explain }, { maxRetries: 2, random: () => 1 })
    const context = createCallContext({ clock, limits: { totalMs } })
    const outcome = collectAnswer(model.chat(request, context)).then(() => 'ok', errorCodeOf)
    await clock.advance(10_000)
    expect([await outcome, slow.calls.length]).toEqual(['upstream_error', calls])
  })

  it('does nothing where there are no retries', async () => {
    expect((await run([[failing('upstream_error')]], {}, 0)).model.calls).toHaveLength(1)
  })

  it('tries nothing again while as many calls as may are second tries already', async () => {
    const budget = new RetryBudget()
    const clock = new FakeClock()
    const model = createFakeModel('m', { script: () => [failing('upstream_error')] })
    const ask = (): Promise<string> =>
      beginAsking(retried(model, { maxRetries: 1, budget, random: () => 1 }), { clock }).answer.then(
        () => 'ok',
        (error: unknown) => (error as UpstreamError).code,
      )
    const asked = Array.from({ length: 10 }, ask)
    await clock.advance(1000)
    expect(await Promise.all(asked)).toEqual(Array.from({ length: 10 }, () => 'upstream_error'))
    expect(model.calls).toHaveLength(13)
  })

  it('stops waiting when its caller leaves', async () => {
    const clock = new FakeClock()
    const leave = new AbortController()
    const model = createFakeModel('m', { script: () => [failing('upstream_error')] })
    const events = retried(model, { maxRetries: 2, random: () => 1 }).chat(
      request,
      createCallContext({ clock, signal: leave.signal }),
    )
    const ended = events[Symbol.asyncIterator]().next()
    await clock.advance(10)
    leave.abort(new UpstreamError('upstream_timeout', 'late'))
    await expect(ended).rejects.toMatchObject({ code: 'upstream_timeout' })
    expect([model.calls.length, clock.pending]).toEqual([1, 0])
  })
})
