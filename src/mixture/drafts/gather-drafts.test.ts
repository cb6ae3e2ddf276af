import { describe, expect, it } from 'vitest'
import type { ChatModel } from '../../chat/chat-model.ts'
import { CancelledError, LoopError, MixtureError, UpstreamError } from '../../chat/errors.ts'
import { type Asked, askModel, beginAsking, lastTextOf, notesOf, spansOf } from '../../testing/ask-model.ts'
import { FakeClock } from '../../testing/fake-clock.ts'
import {
  createFailingModel,
  createFakeModel,
  createSayingModel,
  type FakeModel,
  type FakeStep,
  textSteps,
} from '../../testing/fake-model.ts'
import type { MixtureDefinition } from '../mixture-definition.ts'
import { createMixture } from '../mixture.ts'

const hang: FakeStep = { hang: true }
const aggregate = (): FakeModel => createSayingModel('judge', 'The answer.')
const late = (id: string, waitMs: number, text = `Draft of ${id}.`): FakeModel =>
  createFakeModel(id, { script: () => [{ waitMs }, ...textSteps(text)] })

function mixtureOf(
  workers: readonly ChatModel[],
  changes: Partial<MixtureDefinition> = {},
): ChatModel & { readonly judge: FakeModel } {
  const judge = aggregate()
  return { ...createMixture({ id: 'mix', workers, aggregate: judge, ...changes }), judge }
}

/** What the aggregate was shown. */
function shownTo(judge: FakeModel): string {
  return lastTextOf(judge.calls[0]?.request)
}

describe('workers', () => {
  it('are all asked in one tick, before any has answered', () => {
    const workers = ['a', 'b', 'c'].map((id) => createFakeModel(id, { script: () => [hang] }))
    const leave = new AbortController()
    const { answer } = beginAsking(mixtureOf(workers), { signal: leave.signal })
    expect(workers.map(({ calls }) => calls.length)).toEqual([1, 1, 1])
    leave.abort(new CancelledError())
    return expect(answer).rejects.toThrow(CancelledError)
  })

  it('may be of any number', async () => {
    const workers = Array.from({ length: 12 }, (_, n) => createSayingModel(`w${n}`, `Draft ${n} says so.`))
    const mixture = mixtureOf(workers)
    const { trace } = await askModel(mixture)
    expect(spansOf(trace, 'worker')).toHaveLength(12)
    expect(trace.attributes).toMatchObject({ drafts: 12, quorum: 8 })
    for (const n of [0, 5, 11]) expect(shownTo(mixture.judge)).toContain(`Draft ${n} says so.`)
  })
})

describe('quorum and grace', () => {
  it('waits for the grace after two thirds, then stops the rest upstream', async () => {
    const clock = new FakeClock()
    const slow = late('c', 60_000)
    const mixture = mixtureOf([late('a', 100), late('b', 200), slow])
    const { answer, trace } = beginAsking(mixture, { clock })
    await clock.advance(200)
    expect(notesOf(trace)).toEqual(['worker_done', 'worker_done', 'quorum_reached'])
    await clock.advance(2999)
    expect(mixture.judge.calls).toHaveLength(0)
    expect(slow.calls[0]?.outcome).toBeUndefined()
    await clock.advance(1)
    expect((await answer).text).toBe('The answer.')
    expect(slow.calls[0]?.outcome).toBe('aborted')
    expect(notesOf(trace)).toContain('straggler_aborted')
    expect(trace.attributes.degraded).toBe('2/3')
    expect(clock.pending).toBe(0)
  })

  it('takes a straggler that makes it within the grace', async () => {
    const clock = new FakeClock()
    const mixture = mixtureOf([late('a', 100), late('b', 200), late('c', 3000)])
    const { answer, trace } = beginAsking(mixture, { clock })
    await clock.advance(3000)
    await answer
    expect(shownTo(mixture.judge)).toContain('Draft of c.')
    expect(trace.attributes).not.toHaveProperty('degraded')
    expect(clock.pending).toBe(0)
  })

  it('uses more than 200 characters of a straggler and says that it was stopped', async () => {
    const clock = new FakeClock()
    const talking = (id: string, length: number): FakeModel =>
      createFakeModel(id, { script: () => [...textSteps(id.repeat(length)).slice(0, -1), hang] })
    const mixture = mixtureOf([late('a', 100), late('b', 200), talking('x', 201), talking('y', 200)], { quorum: 2 })
    const { answer, trace } = beginAsking(mixture, { clock })
    await clock.advance(3200)
    await answer
    expect(shownTo(mixture.judge)).toMatch(/Draft \d \(stopped before its end\) begins\]\nx{201}\n/)
    expect(shownTo(mixture.judge)).not.toContain('yyy')
    expect(trace.attributes.degraded).toBe('3/4')
    expect(spansOf(trace, 'worker').map(({ outcome }) => outcome)).toEqual([
      'ok',
      'ok',
      'client_closed',
      'client_closed',
    ])
  })

  it('is what the mixture or the request says', async () => {
    for (const [definition, options] of [
      [{ quorum: 1 }, {}],
      [{}, { quorum: 1 }],
    ] as const) {
      const clock = new FakeClock()
      const mixture = mixtureOf([late('a', 100), late('b', 60_000), late('c', 60_000)], {
        graceMs: 50,
        alwaysAggregate: true,
        ...definition,
      })
      const { answer, trace } = beginAsking(mixture, { clock, options })
      await clock.advance(150)
      await answer
      expect(trace.attributes).toMatchObject({ quorum: 1, degraded: '1/3' })
    }
  })

  it('of a request is never more than there are workers', async () => {
    const { trace } = await askModel(mixtureOf([createSayingModel('a', 'A.'), createSayingModel('b', 'B.')]), {
      options: { quorum: 9 },
    })
    expect(trace.attributes['quorum']).toBe(2)
  })

  it('counts usable drafts only', async () => {
    const clock = new FakeClock()
    const blank = createSayingModel('blank', ' \n')
    const mixture = mixtureOf([blank, late('a', 100), late('b', 5000)], { quorum: 2 })
    const { answer, trace } = beginAsking(mixture, { clock })
    await clock.advance(5000)
    await answer
    expect(shownTo(mixture.judge)).toContain('Draft of b.')
    expect(trace.attributes.degraded).toBe('2/3')
  })
})

describe('drafts that a mixture must have', () => {
  const down = (id: string): FakeModel => createFailingModel(id, new UpstreamError('upstream_error', 'No.'))

  it('are waited for, whatever the quorum is', async () => {
    const clock = new FakeClock()
    const mixture = mixtureOf([late('a', 100), late('b', 9000), late('c', 60_000)], {
      quorum: 1,
      minWorkers: 2,
      graceMs: 0,
    })
    const { answer, trace } = beginAsking(mixture, { clock, options: { quorum: 1 } })
    await clock.advance(9000)
    expect((await answer).text).toBe('The answer.')
    expect(trace.attributes).toMatchObject({ quorum: 2, drafts: 2, degraded: '2/3' })
  })

  it('are an error where they are too few, with the reasons of the others', async () => {
    const mixture = mixtureOf([createSayingModel('a', 'A.'), down('b'), down('c')], { minWorkers: 2 })
    const error: unknown = await askModel(mixture).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(MixtureError)
    expect(error).toMatchObject({
      code: 'insufficient_workers',
      message:
        'Only 1 of the 2 drafts that the mixture "mix" must have are usable (b: upstream_error, c: upstream_error).',
      failures: [{ worker: 'b' }, { worker: 'c' }],
    })
    expect(mixture.judge.calls).toHaveLength(0)
  })

  it('may be none: the aggregate then answers alone, and the answer says so', async () => {
    const mixture = mixtureOf([down('a'), down('b'), down('c')], { minWorkers: 0 })
    const { answer, trace } = await askModel(mixture)
    expect(answer.text).toBe('The answer.')
    expect(trace.attributes).toMatchObject({ degraded: '0/3' })
    expect(mixture.judge.calls).toHaveLength(1)
  })

  it('may be none also where all find the request too long: the aggregate may have more room', async () => {
    const full = (id: string) => createFailingModel(id, new UpstreamError('context_length_exceeded', 'Too long.'))
    const { answer } = await askModel(mixtureOf([full('a'), full('b')], { minWorkers: 0 }))
    expect(answer.text).toBe('The answer.')
  })

  it('are named as none where there are none', async () => {
    await expect(askModel(mixtureOf([down('a'), down('b')], { minWorkers: 2 }))).rejects.toMatchObject({
      code: 'all_workers_failed',
    })
  })
})

describe('early', () => {
  it('has the aggregate begin at the quorum, and stops the rest', async () => {
    const clock = new FakeClock()
    const slow = late('c', 60_000)
    const mixture = mixtureOf([late('a', 100), late('b', 200), slow], { early: true })
    const { answer } = beginAsking(mixture, { clock })
    await clock.advance(200)
    expect((await answer).text).toBe('The answer.')
    expect(slow.calls[0]?.outcome).toBe('aborted')
  })
})

describe('a worker that has no usable draft', () => {
  const unusable: readonly (readonly [string, readonly FakeStep[]])[] = [
    ['no text', [{ delta: { role: 'assistant', content: '' } }, { delta: {}, finish: 'stop' }]],
    ['no text', textSteps(' \n\t ')],
    ['only reasoning', textSteps('<think>Six sevens</think>\n')],
    ['only reasoning', textSteps('<think>Six sev')],
    ['only reasoning', [{ delta: { reasoning_content: 'Six sevens' } }, { delta: {}, finish: 'stop' }]],
    [
      'only tool calls',
      [
        { delta: { tool_calls: [{ index: 0, id: '1', type: 'function', function: { name: 'f', arguments: '{}' } }] } },
        { delta: {}, finish: 'tool_calls' },
      ],
    ],
  ]

  it.each(unusable)('is left out and noted (%s, %j)', async (what, steps) => {
    const odd = createFakeModel('odd', { script: () => steps })
    const mixture = mixtureOf([odd, createSayingModel('a', 'Draft A.'), createSayingModel('b', 'Draft B.')])
    const { answer, trace } = await askModel(mixture)
    expect(answer.text).toBe('The answer.')
    expect(shownTo(mixture.judge)).toContain('2 drafts of a reply')
    expect(trace.attributes.degraded).toBe('2/3')
    expect(spansOf(trace, 'worker')[0]).toMatchObject({
      outcome: 'upstream_empty_response',
      attributes: { unusable: what },
    })

    const error = await askModel(mixtureOf([odd])).catch((thrown: unknown) => thrown)
    expect((error as MixtureError).failures).toEqual([
      { worker: 'odd', code: 'upstream_empty_response', message: `Worker "odd" answered with ${what}.` },
    ])
  })

  it('is no worse where it fails or its code throws', async () => {
    const failing = createFailingModel('down', new UpstreamError('upstream_error', 'No.'))
    const broken = createFailingModel('broken', new TypeError('x is not a function'))
    const { answer, trace } = await askModel(
      mixtureOf([failing, broken, createSayingModel('a', 'Draft A.')], { quorum: 2 }),
    )
    expect(answer.text).toBe('Draft A.')
    expect(trace.attributes.degraded).toBe('1/3')
    expect(spansOf(trace, 'worker').map(({ outcome }) => outcome)).toEqual(['upstream_error', 'internal_error', 'ok'])
  })
})

describe('a draft with a flaw is used and the aggregate told of it', () => {
  const flaws: readonly (readonly [string, string, readonly FakeStep[]])[] = [
    ['a refusal', 'I will not.', [{ delta: { refusal: 'I will not.' } }, { delta: {}, finish: 'stop' }]],
    ['a refusal', 'I will not.', [{ delta: { content: 'I will not.' } }, { delta: {}, finish: 'content_filter' }]],
    ['ended at its length limit', 'Six', [{ delta: { content: 'Six' } }, { delta: {}, finish: 'length' }]],
  ]

  it.each(flaws)('%s', async (flaw, text, steps) => {
    const mixture = mixtureOf([createFakeModel('odd', { script: () => steps }), createSayingModel('a', 'Draft A.')])
    const { trace } = await askModel(mixture)
    expect(shownTo(mixture.judge)).toMatch(new RegExp(`Draft \\d \\(${flaw}\\) begins\\]\\n${text}\\n`))
    expect(spansOf(trace, 'worker')[0]?.attributes).toHaveProperty('flag')
    expect(trace.attributes).not.toHaveProperty('degraded')
  })
})

describe('deadlines of workers', () => {
  const limits = [
    ['first content', [hang], 30_000, 'upstream_timeout'],
    ['idle', [{ delta: { content: 'Six' } }, hang], 20_000, 'upstream_idle_timeout'],
    [
      'total',
      Array.from({ length: 99 }, () => [{ delta: { content: '.' } }, { waitMs: 15_000 }] as const).flat(),
      60_000,
      'upstream_timeout',
    ],
  ] as const

  it.each(limits)('end a call that misses %s', async (...[, steps, limitMs, code]) => {
    const clock = new FakeClock()
    const slow = createFakeModel('slow', { script: () => steps })
    const { answer, trace } = beginAsking(mixtureOf([slow, createSayingModel('a', 'Draft A.')]), { clock })
    await clock.advance(limitMs - 1)
    expect(slow.calls[0]?.outcome).toBeUndefined()
    await clock.advance(1)
    expect((await answer).text).toBe('Draft A.')
    expect(spansOf(trace, 'worker')[0]?.outcome).toBe(code)
    expect(clock.pending).toBe(0)
  })

  it('are those of the worker, then of the mixture', async () => {
    const clock = new FakeClock()
    const slow = (id: string): FakeModel => createFakeModel(id, { script: () => [hang] })
    const own = { model: slow('own'), deadline: { firstContentMs: 100 } }
    const shared = slow('shared')
    const { answer } = beginAsking(
      createMixture({
        id: 'mix',
        workers: [own, shared],
        aggregate: aggregate(),
        workerDeadline: { firstContentMs: 500 },
      }),
      { clock },
    )
    const failed = answer.catch((error: unknown) => error)
    await clock.advance(100)
    expect([own.model.calls[0]?.outcome, shared.calls[0]?.outcome]).toEqual(['aborted', undefined])
    await clock.advance(400)
    expect(await failed).toBeInstanceOf(MixtureError)
  })

  it('leave what was said in more than 200 characters', async () => {
    const clock = new FakeClock()
    const slow = createFakeModel('slow', { script: () => [...textSteps('s'.repeat(300)).slice(0, -1), hang] })
    const mixture = mixtureOf([slow, createSayingModel('a', 'Draft A.')])
    const { answer } = beginAsking(mixture, { clock })
    await clock.advance(20_000)
    await answer
    expect(shownTo(mixture.judge)).toMatch(/\(stopped before its end\) begins\]\ns{300}\n/)
  })
})

describe('when no draft is usable', () => {
  const limited = (id: string, retryAfterMs?: number): FakeModel =>
    createFailingModel(
      id,
      new UpstreamError('rate_limit_exceeded', 'Slow down.', retryAfterMs === undefined ? {} : { retryAfterMs }),
    )

  async function failureOf(mixture: ChatModel): Promise<MixtureError> {
    const error = await askModel(mixture).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(MixtureError)
    return error as MixtureError
  }

  const refusing = (id: string, code: 'upstream_bad_request' | 'context_length_exceeded', status?: number) =>
    createFailingModel(id, new UpstreamError(code, `${id} refuses.`, status === undefined ? {} : { status }))

  it('has the code and the first message of a fault that all have found with the request', async () => {
    const tooLong = await failureOf(
      mixtureOf([refusing('a', 'context_length_exceeded'), refusing('b', 'context_length_exceeded')]),
    )
    expect(tooLong).toMatchObject({ code: 'context_length_exceeded', message: 'a refuses.', isRetryable: false })
    expect(tooLong.failures.map(({ worker }) => worker)).toEqual(['a', 'b'])
    const bad = await failureOf(
      mixtureOf([refusing('a', 'upstream_bad_request', 422), refusing('b', 'upstream_bad_request', 400)]),
    )
    expect(bad).toMatchObject({ code: 'upstream_bad_request', message: 'a refuses.', status: 422 })
  })

  it('has it through a mixture of mixtures', async () => {
    const inner = (id: string) => mixtureOf([refusing(`${id}1`, 'upstream_bad_request', 422)], { id })
    const error = await failureOf(mixtureOf([inner('x'), inner('y')]))
    expect(error).toMatchObject({ code: 'upstream_bad_request', message: 'x1 refuses.', status: 422 })
  })

  it('blames the request only where all agree on its fault', async () => {
    const down = createFailingModel('down', new UpstreamError('upstream_unreachable', 'Refused.'))
    for (const other of [down, refusing('b', 'context_length_exceeded')]) {
      const error = await failureOf(mixtureOf([refusing('a', 'upstream_bad_request', 422), other]))
      expect(error.code).toBe('all_workers_failed')
    }
  })

  it('lists every worker with its reason', async () => {
    const down = createFailingModel('down', new UpstreamError('upstream_unreachable', 'Refused.'))
    const error = await failureOf(mixtureOf([down, createSayingModel('blank', ''), limited('full')]))
    expect(error.code).toBe('all_workers_failed')
    expect(error.message).toBe(
      'No worker of the mixture "mix" gave a usable draft (down: upstream_unreachable, blank: upstream_empty_response, full: rate_limit_exceeded).',
    )
    expect(error.failures.map(({ code }) => code)).toEqual([
      'upstream_unreachable',
      'upstream_empty_response',
      'rate_limit_exceeded',
    ])
    expect(error.isRetryable).toBe(true)
  })

  it('keeps visible that all were turned away for now, and for how long', async () => {
    const error = await failureOf(mixtureOf([limited('a', 7000), limited('b', 2500), limited('c')]))
    expect(error.failures.every(({ code }) => code === 'rate_limit_exceeded')).toBe(true)
    expect(error.failures.map(({ retryAfterMs }) => retryAfterMs)).toEqual([7000, 2500, undefined])
    expect(error.message).toMatch(/Try again in 3 s\.$/)
  })

  it('keeps that visible through a nested mixture', async () => {
    const inner = createMixture({
      id: 'inner',
      workers: [limited('a', 7000), limited('b', 2500)],
      aggregate: aggregate(),
    })
    const error = await failureOf(mixtureOf([inner, limited('c', 9000)]))
    expect(error.failures).toMatchObject([
      { worker: 'inner', code: 'rate_limit_exceeded', retryAfterMs: 2500 },
      { worker: 'c', code: 'rate_limit_exceeded', retryAfterMs: 9000 },
    ])
  })

  it('keeps visible that all were taken for a loop, and for how long', async () => {
    const looping = (id: string, retryAfterMs: number): FakeModel =>
      createFailingModel(id, new LoopError(121, retryAfterMs))
    const inner = createMixture({ id: 'inner', workers: [looping('a', 30_000)], aggregate: aggregate() })
    const error = await failureOf(mixtureOf([inner, looping('b', 20_000)]))
    expect(error.failures).toMatchObject([
      { worker: 'inner', code: 'request_loop', retryAfterMs: 30_000 },
      { worker: 'b', code: 'request_loop', retryAfterMs: 20_000 },
    ])
    expect(error.message).toMatch(/Try again in 20 s\.$/)
  })

  it('asks no aggregate', async () => {
    const mixture = mixtureOf([limited('a')])
    await failureOf(mixture)
    expect(mixture.judge.calls).toHaveLength(0)
  })
})

describe('when the caller leaves', () => {
  it('every worker hears it and the answer ends with the reason', async () => {
    const clock = new FakeClock()
    const leave = new AbortController()
    const workers = [late('a', 100), late('b', 9000), late('c', 9000)]
    const asked = beginAsking(mixtureOf(workers, { quorum: 1 }), { clock, signal: leave.signal })
    const ended = asked.answer.catch((error: unknown) => error)
    await clock.advance(200)
    leave.abort(new CancelledError())
    expect(await ended).toBeInstanceOf(CancelledError)
    expect(workers.map(({ calls }) => calls[0]?.outcome)).toEqual(['ok', 'aborted', 'aborted'])
    await clock.advance(0)
    expect(clock.pending).toBe(0)
  })
})

describe('samples', () => {
  it('are calls of their own with seeds of their own', async () => {
    const solo = createSayingModel('solo', 'Draft.')
    const judge = aggregate()
    const mixture = createMixture({ id: 'mix', workers: [{ model: solo, samples: 3, label: 'me' }], aggregate: judge })
    const asked: Asked = await askModel(mixture, { body: { seed: 7 } })
    expect(solo.calls.map(({ request }) => request.body.seed)).toEqual([7, 8, 9])
    expect(solo.calls.every(({ request }) => request.body.n === undefined)).toBe(true)
    expect(
      asked.trace
        .spans()
        .filter(({ stage }) => stage === 'worker')
        .map(({ name, attributes }) => [name, attributes['sample']]),
    ).toEqual([
      ['me', 0],
      ['me#2', 1],
      ['me#3', 2],
    ])
    expect(judge.calls[0]?.request.body.seed).toBe(7)
  })

  it('have the seed of the worker where it sets one, and none where nobody does', async () => {
    const solo = createSayingModel('solo', 'Draft.')
    const seeded = createMixture({
      id: 'mix',
      workers: [{ model: solo, samples: 2, params: { seed: 100 } }],
      aggregate: aggregate(),
    })
    await askModel(seeded, { body: { seed: 7 } })
    await askModel(createMixture({ id: 'mix', workers: [{ model: solo, samples: 2 }], aggregate: aggregate() }))
    expect(solo.calls.map(({ request }) => request.body.seed)).toEqual([100, 101, undefined, undefined])
  })
})
