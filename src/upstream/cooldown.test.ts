/** Retries above the breaker, as in the catalog: what becomes of calls while an upstream limits the rate of a model. */
import { describe, expect, it } from 'vitest'
import { createChatRequest } from '../chat/chat-request.ts'
import { collectAnswer } from '../chat/collect-answer.ts'
import type { DeadlineLimits } from '../chat/deadline.ts'
import { CancelledError, errorCodeOf, UpstreamError } from '../chat/errors.ts'
import { beginAsking } from '../testing/ask-model.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { createFakeModel, type FakeStep, textSteps } from '../testing/fake-model.ts'
import { createCallContext } from '../trace/call-context.ts'
import { withBreaker } from './breaker.ts'
import { RetryBudget } from './retry-budget.ts'
import { retried } from './retry.ts'

const request = createChatRequest({ model: 'm', messages: [{ role: 'user', content: 'Hi' }], stream: true })

/** A call that is told after `waitMs` to come again in `retryAfterMs`. */
function limited(waitMs: number, retryAfterMs: number): FakeStep[] {
  return [{ waitMs }, { fail: new UpstreamError('rate_limit_exceeded', 'Slow down.', { retryAfterMs }) }]
}

interface Crowd {
  /** What becomes of each call that reaches the upstream, in turn; those behind them are good. */
  readonly scripts: readonly FakeStep[][]
  /** When each caller comes. */
  readonly atMs: readonly number[]
  readonly clock?: FakeClock
  readonly limits?: DeadlineLimits
  readonly maxRetries?: number
  readonly budget?: RetryBudget
}

interface Asked {
  readonly outcomes: readonly string[]
  /** How often the upstream was asked. */
  readonly calls: number
}

/** Several callers of a model with one breaker. */
async function ask(crowd: Crowd): Promise<Asked> {
  const { scripts, atMs, clock = new FakeClock(), limits = {}, maxRetries = 1, budget } = crowd
  const inner = createFakeModel('m', { script: (_request, call) => scripts[call] ?? textSteps('Hi') })
  const model = retried(withBreaker(inner), { maxRetries, random: () => 1, ...(budget ? { budget } : {}) })
  const asked: Promise<string>[] = []
  for (const at of atMs) {
    await clock.advance(at - clock.now())
    const context = createCallContext({ clock, limits })
    asked.push(collectAnswer(model.chat(request, context)).then(() => 'ok', errorCodeOf))
  }
  await clock.advance(120_000)
  expect(clock.pending).toBe(0)
  return { outcomes: await Promise.all(asked), calls: inner.calls.length }
}

describe('a model whose rate is limited', () => {
  it('takes no attempt of one caller for what another was told while it waited', async () => {
    const scripts = [limited(1, 100), limited(30, 100), limited(60, 100)]
    expect(await ask({ scripts, atMs: [0, 0, 0] })).toEqual({ outcomes: ['ok', 'ok', 'ok'], calls: 6 })
  })

  it('is asked a first time by those who come meanwhile, which is no second try', async () => {
    const late = Array.from({ length: 9 }, () => 20)
    const budget = new RetryBudget()
    const { outcomes, calls } = await ask({ scripts: [limited(1, 100)], atMs: [0, ...late], budget })
    expect([new Set(outcomes), calls]).toEqual([new Set(['ok']), 11])
  })

  it('is asked as often as it may be, once the wait is over', async () => {
    const scripts = Array.from({ length: 9 }, () => limited(1, 100))
    expect(await ask({ scripts, atMs: [0] })).toEqual({ outcomes: ['rate_limit_exceeded'], calls: 2 })
  })

  it.each([
    [5000, ['ok', 'ok']],
    [7000, ['rate_limit_exceeded', 'ok']],
  ])('is waited for 15 s at most in all: another is told %d ms', async (retryAfterMs, outcomes) => {
    const scripts = [limited(1, 10_000), limited(9000, retryAfterMs)]
    expect((await ask({ scripts, atMs: [0, 0] })).outcomes).toEqual(outcomes)
  })

  it('is not waited for beyond a deadline', async () => {
    const scripts = [limited(1, 100), limited(30, 3000)]
    const { outcomes, calls } = await ask({ scripts, atMs: [0, 0], limits: { totalMs: 2000 } })
    expect([outcomes, calls]).toEqual([['rate_limit_exceeded', 'rate_limit_exceeded'], 2])
  })

  it('is not waited for where nothing is tried again at all', async () => {
    const asked = await ask({ scripts: [limited(1, 100)], atMs: [0, 20], maxRetries: 0 })
    expect(asked).toEqual({ outcomes: ['rate_limit_exceeded', 'rate_limit_exceeded'], calls: 1 })
  })

  it('is asked in time although timers ring too early', async () => {
    class HastyClock extends FakeClock {
      override after(delayMs: number, run: () => void): () => void {
        return super.after(delayMs - 0.9, run)
      }
    }
    const asked = await ask({ scripts: [limited(1, 15_000)], atMs: [0], clock: new HastyClock() })
    expect(asked).toEqual({ outcomes: ['ok'], calls: 2 })
  })

  it('is waited for no longer once the caller has left', async () => {
    const clock = new FakeClock()
    const leave = new AbortController()
    const inner = createFakeModel('m', { script: () => limited(1, 5000) })
    const model = retried(withBreaker(inner), { maxRetries: 1 })
    const told = beginAsking(model, { clock }).answer.catch(errorCodeOf)
    await clock.advance(1000)
    const refused = beginAsking(model, { clock, signal: leave.signal }).answer.catch(errorCodeOf)
    await clock.advance(1000)
    leave.abort(new CancelledError())
    expect([await refused, inner.calls.length]).toEqual(['client_closed', 1])
    await clock.advance(60_000)
    expect([await told, clock.pending]).toEqual(['rate_limit_exceeded', 0])
  })

  it('leaves a note of who waits, and of who asks again', async () => {
    const clock = new FakeClock()
    const inner = createFakeModel('m', { script: (_request, call) => (call === 0 ? limited(1, 100) : textSteps('Hi')) })
    const model = retried(withBreaker(inner), { maxRetries: 1 })
    const first = beginAsking(model, { clock })
    await clock.advance(1)
    const second = beginAsking(model, { clock })
    await clock.advance(1000)
    await Promise.all([first.answer, second.answer])
    const notes = [first, second].map(({ trace }) => trace.spans()[0]?.notes)
    expect(notes).toEqual([
      [{ atMs: 1, event: 'retry', attributes: { model: 'm', code: 'rate_limit_exceeded', waitMs: 100 } }],
      [{ atMs: 0, event: 'cooldown', attributes: { model: 'm', code: 'rate_limit_exceeded', waitMs: 100 } }],
    ])
  })
})
