import { describe, expect, it } from 'vitest'
import { createChatRequest } from '../chat/chat-request.ts'
import { collectAnswer } from '../chat/collect-answer.ts'
import type { DeadlineLimits } from '../chat/deadline.ts'
import { CancelledError, errorCodeOf, type MollmrError, UpstreamError, type UpstreamErrorCode } from '../chat/errors.ts'
import { withinDeadline } from '../chat/within-deadline.ts'
import { beginAsking } from '../testing/ask-model.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { createFakeModel, type FakeModel, type FakeStep, textSteps } from '../testing/fake-model.ts'
import { createCallContext } from '../trace/call-context.ts'
import { Breaker, withBreaker } from './breaker.ts'
import { retried } from './retry.ts'

class Bench {
  readonly clock = new FakeClock()
  /** What the model does next. */
  steps: readonly FakeStep[] = textSteps('Hi')
  readonly inner: FakeModel = createFakeModel('m', { script: () => this.steps })
  readonly #model = withBreaker(this.inner)

  get isResting(): boolean | undefined {
    return this.#model.isResting?.(this.clock.now())
  }

  ask(steps: readonly FakeStep[] = textSteps('Hi')): Promise<string> {
    return this.begin(steps)
  }

  begin(steps: readonly FakeStep[], signal?: AbortSignal): Promise<string> {
    this.steps = steps
    const { answer } = beginAsking(this.#model, { clock: this.clock, ...(signal ? { signal } : {}) })
    return answer.then(
      () => 'ok',
      (error: unknown) => (error as MollmrError).code,
    )
  }

  async askTimes(times: number, steps?: readonly FakeStep[]): Promise<string[]> {
    const outcomes: string[] = []
    for (let time = 0; time < times; time += 1) outcomes.push(await this.ask(steps))
    return outcomes
  }
}

const failing = (code: UpstreamErrorCode, retryAfterMs?: number): FakeStep[] => [
  { fail: new UpstreamError(code, code, retryAfterMs === undefined ? {} : { retryAfterMs }) },
]

describe('withBreaker', () => {
  it('rests a model after five failures in a row, without asking it', async () => {
    const bench = new Bench()
    await bench.askTimes(4, failing('upstream_reset'))
    expect(await bench.ask()).toBe('ok')
    await bench.askTimes(5, failing('upstream_reset'))
    expect(await bench.ask()).toBe('upstream_unavailable')
    expect(bench.inner.calls).toHaveLength(10)
  })

  it.each([
    ['a tenth of 100 calls at once fail before the others have ended', 10, 'ok'],
    ['half of them do', 60, 'upstream_unavailable'],
  ])('where %s, it then says %s', async (...[, failures, outcome]) => {
    const bench = new Bench()
    const running = Array.from({ length: 100 - failures }, () => bench.begin([{ waitMs: 50 }, ...textSteps('Hi')]))
    await bench.askTimes(failures, failing('upstream_reset'))
    const asked = bench.begin(textSteps('Hi'))
    await bench.clock.advance(50)
    expect(await asked).toBe(outcome)
    expect(new Set(await Promise.all(running))).toEqual(new Set(['ok']))
  })

  it.each([
    [2, 'upstream_unavailable'],
    [3, 'ok'],
  ])('rests a model that fails half of twenty calls, and not one that fails less: every %d', async (every, then) => {
    const bench = new Bench()
    for (let time = 1; time <= 20; time += 1) {
      expect(await bench.ask(time % every === 0 ? failing('upstream_error') : undefined)).not.toBe(
        'upstream_unavailable',
      )
    }
    expect(await bench.ask()).toBe(then)
  })

  it('forgets what is older than half a minute', async () => {
    const bench = new Bench()
    for (let round = 0; round < 6; round += 1) {
      await bench.askTimes(4, failing('upstream_error'))
      expect(await bench.ask()).toBe('ok')
      await bench.clock.advance(31_000)
    }
    expect(await bench.ask()).toBe('ok')
  })

  it('takes no failures for a row that lie ten minutes apart', async () => {
    const bench = new Bench()
    for (let time = 0; time < 5; time += 1) {
      await bench.clock.advance(600_000)
      expect(await bench.ask(failing('upstream_error'))).toBe('upstream_error')
    }
    expect(await bench.ask()).toBe('ok')
  })

  it('takes failures for a row that follow each other, however long each of them takes', async () => {
    const bench = new Bench()
    for (let time = 0; time < 5; time += 1) {
      const asked = bench.begin([{ waitMs: 60_000 }, ...failing('upstream_reset')])
      await bench.clock.advance(60_000)
      expect(await asked).toBe('upstream_reset')
    }
    expect(await bench.ask()).toBe('upstream_unavailable')
  })

  it.each([
    'upstream_bad_request',
    'context_length_exceeded',
    'upstream_model_not_found',
    'rate_limit_exceeded',
    'upstream_output_limit',
  ] as const)('ends the rest where the call that tries it is answered %s', async (code) => {
    const bench = new Bench()
    await bench.askTimes(5, failing('upstream_error'))
    await bench.clock.advance(10_000)
    expect(await bench.ask(failing(code))).toBe(code)
    const [first, second] = [bench.begin([{ waitMs: 100 }, ...textSteps('Hi')]), bench.begin(textSteps('Hi'))]
    await bench.clock.advance(100)
    expect(await Promise.all([first, second])).toEqual(['ok', 'ok'])
  })

  it('lets one call try after ten seconds: a good one ends the rest, a bad one begins it again', async () => {
    const bench = new Bench()
    await bench.askTimes(5, failing('upstream_error'))
    await bench.clock.advance(9999)
    expect([await bench.ask(), bench.isResting]).toEqual(['upstream_unavailable', true])
    await bench.clock.advance(1)
    expect(bench.isResting).toBe(false)
    expect(await bench.ask(failing('upstream_error'))).toBe('upstream_error')
    expect(await bench.ask()).toBe('upstream_unavailable')
    await bench.clock.advance(10_000)
    const probe = bench.begin([{ waitMs: 100 }, ...textSteps('Hi')])
    await bench.clock.advance(0)
    expect([await bench.ask(), bench.isResting]).toEqual(['upstream_unavailable', true])
    await bench.clock.advance(100)
    expect([await probe, bench.isResting]).toEqual(['ok', false])
    expect(await bench.askTimes(3)).toEqual(['ok', 'ok', 'ok'])
  })

  it('lets another call try where the one that tried was cancelled', async () => {
    const bench = new Bench()
    await bench.askTimes(5, failing('upstream_error'))
    await bench.clock.advance(10_000)
    const leave = new AbortController()
    const probe = bench.begin([{ hang: true }], leave.signal)
    await bench.clock.advance(0)
    leave.abort(new CancelledError())
    expect(await probe).toBe('client_closed')
    expect(await bench.ask()).toBe('ok')
  })

  it.each(['upstream_auth_failed', 'upstream_quota_exhausted'] as const)(
    'rests a model at once after %s',
    async (code) => {
      const bench = new Bench()
      expect(await bench.askTimes(2, failing(code))).toEqual([code, 'upstream_unavailable'])
    },
  )

  it.each([
    'upstream_bad_request',
    'context_length_exceeded',
    'upstream_model_not_found',
    'rate_limit_exceeded',
    'upstream_output_limit',
  ] as const)('never rests a model for %s', async (code) => {
    const bench = new Bench()
    await bench.askTimes(30, failing(code))
    expect(await bench.ask()).toBe('ok')
  })

  it('does not count callers that leave', async () => {
    const bench = new Bench()
    for (let time = 0; time < 30; time += 1) {
      const leave = new AbortController()
      const asked = bench.begin([{ hang: true }], leave.signal)
      await bench.clock.advance(0)
      leave.abort(new CancelledError())
      await asked
    }
    expect(await bench.ask()).toBe('ok')
  })

  it('waits as long as a 429 says, five minutes at most', async () => {
    const bench = new Bench()
    await bench.ask(failing('rate_limit_exceeded', 3_600_000))
    expect(await bench.ask()).toBe('rate_limit_exceeded')
    await bench.clock.advance(299_000)
    expect([await bench.ask(), bench.isResting]).toEqual(['rate_limit_exceeded', true])
    await bench.clock.advance(1000)
    expect([await bench.ask(), bench.isResting]).toEqual(['ok', false])
    expect(bench.inner.calls).toHaveLength(2)
  })
})

describe('a call that its caller has no more time for', () => {
  const request = createChatRequest({ model: 'm', messages: [{ role: 'user', content: 'Hi' }], stream: true })
  const hanging: readonly FakeStep[] = [{ hang: true }]
  const slow: FakeStep = { waitMs: 3000 }
  const word: FakeStep = { delta: { content: 'a' } }

  /** Asks five times, as models of the catalog are asked, and says whether the model then rests. */
  async function restsAfter(
    limits: DeadlineLimits,
    scripts: readonly (readonly FakeStep[])[],
    isForOneUse = false,
  ): Promise<boolean> {
    const clock = new FakeClock()
    const breaker = new Breaker()
    const inner = createFakeModel('m', { script: (_request, call) => scripts[call % scripts.length] ?? [] })
    const model = withinDeadline(
      retried(withBreaker(inner, { breaker, isForOneUse }), { maxRetries: 1, random: () => 1 }),
    )
    for (let time = 0; time < 5; time += 1) {
      const asked = collectAnswer(model.chat(request, createCallContext({ clock, limits }))).catch(errorCodeOf)
      await clock.advance(10_000)
      expect(['upstream_timeout', 'upstream_idle_timeout']).toContain(await asked)
    }
    expect(clock.pending).toBe(0)
    return breaker.isResting(clock.now())
  }

  it.each([
    ['falls silent at once', 'upstream_timeout', { firstContentMs: 10_000, totalMs: 60_000 }, [hanging]],
    [
      'is silent in its second attempt',
      'upstream_timeout',
      { firstContentMs: 10_000 },
      [failing('rate_limit_exceeded'), hanging],
    ],
    ['falls silent later', 'upstream_idle_timeout', { firstContentMs: 1000, idleMs: 9000 }, [[word, ...hanging]]],
  ] as const)('is not one that %s: %s', async (...[, , limits, scripts]) => {
    expect(await restsAfter(limits, scripts)).toBe(true)
  })

  it.each([
    ['in all, before its first content', { firstContentMs: 30_000, totalMs: 5000 }, [hanging]],
    [
      'in all, while content comes',
      { firstContentMs: 4000, idleMs: 4000, totalMs: 8000 },
      [[slow, word, slow, word, slow, word]],
    ],
    [
      'by the time of its second attempt',
      { firstContentMs: 9000 },
      [[{ waitMs: 8000 }, ...failing('rate_limit_exceeded')], hanging],
    ],
  ])('says nothing of the model: %s', async (...[, limits, scripts]) => {
    expect(await restsAfter(limits, scripts)).toBe(false)
  })

  it('is a failure where nobody has more', async () => {
    expect(await restsAfter({ firstContentMs: 30_000, totalMs: 5000 }, [hanging], true)).toBe(true)
  })
})
