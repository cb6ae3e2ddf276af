import { describe, expect, it } from 'vitest'
import { createChatRequest } from '../chat/chat-request.ts'
import type { CallContext } from '../chat/call-context.ts'
import type { ChatModel } from '../chat/chat-model.ts'
import type { ModelExplanation } from '../chat/explanation.ts'
import { collectAnswer } from '../chat/collect-answer.ts'
import type { DeadlineLimits } from '../chat/deadline.ts'
import { errorCodeOf, UpstreamError, type UpstreamErrorCode } from '../chat/errors.ts'
import { beginAsking } from '../testing/ask-model.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { createFakeModel, type FakeModel, type FakeStep, textSteps } from '../testing/fake-model.ts'
import { createCallContext } from '../trace/call-context.ts'
import { createTrace, type Trace } from '../trace/trace.ts'
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
  const { outcome, text } = await read(model, {
    clock,
    maxRetries,
    context: createCallContext({ clock, trace, limits }),
  })
  return { model, outcome, text, waits: waitsIn(trace) }
}

/** As a reader does who keeps what it hears to itself. */
async function runCollected(scripts: readonly FakeStep[][], maxRetries = 2): Promise<object> {
  const clock = new FakeClock()
  const trace = createTrace('t', clock)
  const model = createFakeModel('m', { script: (_request, call) => scripts[call] ?? [] })
  const heard: string[] = []
  const context = {
    ...createCallContext({ clock, trace }),
    startOver: () => {
      heard.length = 0
    },
  }
  const { outcome, text } = await read(model, { clock, maxRetries, context, heard })
  return { outcome, text, calls: model.calls.length, waits: waitsIn(trace) }
}

interface Reading {
  readonly clock: FakeClock
  readonly maxRetries: number
  readonly context: CallContext
  /** Where the pieces go. */
  readonly heard?: string[]
}

async function read(
  model: ChatModel,
  { clock, maxRetries, context, heard = [] }: Reading,
): Promise<Pick<Run, 'outcome' | 'text'>> {
  const gather = async (): Promise<string> => {
    for await (const event of retried(model, { maxRetries, random: () => 1 }).chat(request, context))
      if (event.type === 'chunk') heard.push(event.chunk.choices[0]?.delta.content ?? '')
    return 'ok'
  }
  const ended = gather().catch((error: unknown) => (error as UpstreamError).code)
  await clock.advance(60_000)
  expect(clock.pending).toBe(0)
  return { outcome: await ended, text: heard.join('') }
}

function waitsIn(trace: Trace): unknown[] {
  return (trace.spans()[0]?.notes ?? []).map(({ attributes }) => attributes['waitMs'])
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

  describe('where its reader can start over', () => {
    const broken = (text: string, code: UpstreamErrorCode = 'upstream_stream_cut'): FakeStep[] => [
      { delta: { content: text } },
      failing(code),
    ]

    it('asks once more for an answer that breaks off', async () => {
      const scripts = [[failing('upstream_reset')], broken('Half'), textSteps('Whole')]
      expect(await runCollected(scripts)).toEqual({ outcome: 'ok', text: 'Whole', calls: 3, waits: [250, 250] })
    })

    it('does so no second time', async () => {
      const scripts = [broken('Half'), broken('Ha'), textSteps('Whole')]
      expect(await runCollected(scripts)).toMatchObject({ outcome: 'upstream_stream_cut', text: 'Ha', calls: 2 })
    })

    it('does not where what broke it off will not pass', async () => {
      const scripts = [broken('Half', 'upstream_output_limit'), textSteps('Whole')]
      expect(await runCollected(scripts)).toMatchObject({ outcome: 'upstream_output_limit', text: 'Half', calls: 1 })
    })

    it('does not where nothing is tried again at all', async () => {
      const scripts = [broken('Half'), textSteps('Whole')]
      expect(await runCollected(scripts, 0)).toMatchObject({ outcome: 'upstream_stream_cut', text: 'Half', calls: 1 })
    })
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
