import { describe, expect, it } from 'vitest'
import type { ChatModel } from '../../chat/chat-model.ts'
import type { Caller } from '../../chat/chat-request.ts'
import { CancelledError, UpstreamError } from '../../chat/errors.ts'
import { type AskOptions, askModel, beginAsking, spansOf } from '../../testing/ask-model.ts'
import { FakeClock } from '../../testing/fake-clock.ts'
import {
  createFailingModel,
  createFakeModel,
  createSayingModel,
  type FakeModel,
  textSteps,
} from '../../testing/fake-model.ts'
import { recordCalls } from '../../trace/record-calls.ts'
import type { MixtureDefinition } from '../mixture-definition.ts'
import { createMixture } from '../mixture.ts'
import { StageCache } from './stage-cache.ts'

const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 }
const down = createFailingModel('down', new UpstreamError('upstream_error', 'It is down.'))
const retry: Caller = { headers: { 'x-stainless-retry-count': '1' } }
const recorded = (model: FakeModel): ChatModel => recordCalls(model)

function saying(id: string): FakeModel {
  return createSayingModel(id, `Draft of ${id}.`, usage)
}

function slow(id: string, waitMs = 1000): FakeModel {
  return createFakeModel(id, { usage, script: () => [{ waitMs }, ...textSteps(`Draft of ${id}.`)] })
}

interface Built {
  readonly stageCache?: StageCache
  readonly version?: string
}

function mixtureOf(
  workers: readonly FakeModel[],
  changes: Partial<MixtureDefinition> = {},
  { stageCache = new StageCache(), version = '1' }: Built = {},
): ChatModel {
  const definition = { id: 'mix', workers: workers.map(recorded), aggregate: saying('judge'), ...changes }
  return createMixture(definition, { stageCache, version })
}

function callsOf(...models: readonly FakeModel[]): readonly number[] {
  return models.map(({ calls }) => calls.length)
}

describe('finished drafts', () => {
  it('serve the same request again, without a call, a row or a cost', async () => {
    const [a, b] = [saying('a'), saying('b')]
    const mixture = mixtureOf([a, b])
    await askModel(mixture)
    const { answer, trace } = await askModel(mixture)
    expect(answer.text).toBe('Draft of judge.')
    expect(callsOf(a, b)).toEqual([1, 1])
    expect(trace.ledger()).toEqual([])
    expect(answer.end.total?.calls).toBe(0)
    expect(spansOf(trace, 'worker').map(({ outcome, attributes }) => [outcome, attributes['reused']])).toEqual([
      ['ok', true],
      ['ok', true],
    ])
    expect(trace.attributes).not.toHaveProperty('degraded')
  })

  it('of a request that failed are not paid for again', async () => {
    const [a, b] = [saying('a'), saying('b')]
    let isUp = false
    const judge = createFakeModel('judge', {
      script: () => (isUp ? textSteps('42') : [{ fail: new UpstreamError('upstream_bad_request', 'No.') }]),
    })
    const mixture = mixtureOf([a, b], { aggregate: judge })
    await expect(askModel(mixture)).rejects.toThrow('No.')
    isUp = true
    expect((await askModel(mixture)).answer.text).toBe('42')
    expect(callsOf(a, b, judge)).toEqual([1, 1, 2])
  })

  it('serve another aggregate, and another wish of its answer', async () => {
    const [a, b] = [saying('a'), saying('b')]
    const stageCache = new StageCache()
    await askModel(mixtureOf([a, b], { aggregate: down }, { stageCache }))
    const other = mixtureOf([a, b], { aggregate: createSayingModel('other', '42') }, { stageCache })
    const { answer } = await askModel(other, { body: { max_tokens: 5, stop: ['x'], stream: false } })
    expect(answer.text).toBe('42')
    expect(callsOf(a, b)).toEqual([1, 1])
  })

  it('fill the gap alone that a failed worker has left', async () => {
    const a = saying('a')
    const shaky = createFakeModel('shaky', {
      script: (_, call) => (call === 0 ? [{ fail: new UpstreamError('upstream_error', 'No.') }] : textSteps('Here.')),
    })
    const mixture = mixtureOf([a, shaky])
    expect((await askModel(mixture)).trace.attributes.degraded).toBe('1/2')
    expect((await askModel(mixture)).trace.attributes).not.toHaveProperty('degraded')
    expect(callsOf(a, shaky)).toEqual([1, 2])
  })

  const different: readonly (readonly [string, AskOptions])[] = [
    ['another question', { body: { messages: [{ role: 'user', content: 'Why?' }] } }],
    ['another temperature', { body: { temperature: 0.1 } }],
    ['a field that nobody here knows', { body: { x_custom: 1 } }],
    ['another caller', { caller: { headers: {}, key: 'ann' } }],
  ]

  it.each(different)('do not serve %s', async (_, asked) => {
    const a = saying('a')
    const mixture = mixtureOf([a])
    await askModel(mixture)
    await askModel(mixture, asked)
    expect(callsOf(a)).toEqual([2])
  })

  it('do not serve another config, nor another mixture', async () => {
    const a = saying('a')
    const stageCache = new StageCache()
    await askModel(mixtureOf([a], {}, { stageCache }))
    await askModel(mixtureOf([a], {}, { stageCache, version: '2' }))
    await askModel(mixtureOf([a], { id: 'other' }, { stageCache }))
    expect(callsOf(a)).toEqual([3])
  })

  it('serve a mixture that shares the drafts of theirs', async () => {
    const a = saying('a')
    const stageCache = new StageCache()
    await askModel(mixtureOf([a], {}, { stageCache }))
    await askModel(mixtureOf([a], { id: 'plan:a>z', draftsOf: 'mix' }, { stageCache }))
    expect(callsOf(a)).toEqual([1])
  })

  it('of samples are told apart', async () => {
    const a = createFakeModel('a', { script: (_, call) => textSteps(`Sample ${call}.`) })
    const mixture = createMixture(
      { id: 'mix', workers: [{ model: a, samples: 3 }], aggregate: createSayingModel('judge', '42') },
      { stageCache: new StageCache() },
    )
    await askModel(mixture)
    const { trace } = await askModel(mixture)
    expect(callsOf(a)).toEqual([3])
    expect(spansOf(trace, 'worker').every(({ attributes }) => attributes['reused'] === true)).toBe(true)
  })

  it('are reused for 60 s, or as long as the mixture says', async () => {
    for (const [changes, forMs] of [
      [{}, 60_000],
      [{ reuseDraftsMs: 500 }, 500],
    ] as const) {
      const clock = new FakeClock()
      const a = saying('a')
      const mixture = mixtureOf([a], changes)
      await askModel(mixture, { clock })
      await clock.advance(forMs - 1)
      await askModel(mixture, { clock })
      expect(callsOf(a)).toEqual([1])
      await clock.advance(1)
      await askModel(mixture, { clock })
      expect(callsOf(a)).toEqual([2])
      expect(clock.pending).toBe(0)
    }
  })

  it('are not reused where the mixture says 0, nor where nobody handed in a cache', async () => {
    const a = saying('a')
    const never = mixtureOf([a], { reuseDraftsMs: 0 })
    const plain = createMixture({ id: 'mix', workers: [a], aggregate: saying('judge') })
    for (const mixture of [never, never, plain, plain]) await askModel(mixture, { caller: retry })
    expect(callsOf(a)).toEqual([4])
  })

  it('do not count what was cut off, and keep the flaw that they have', async () => {
    const clock = new FakeClock()
    const talking = createFakeModel('talking', {
      script: () => [{ delta: { content: 'x'.repeat(300) } }, { hang: true }],
    })
    const refusing = createFakeModel('refusing', {
      script: () => [{ delta: { refusal: 'I will not.' } }, { delta: {}, finish: 'stop' }],
    })
    const mixture = mixtureOf([talking, refusing], { quorum: 1, graceMs: 10 })
    for (let round = 0; round < 2; round += 1) {
      const { answer, trace } = beginAsking(mixture, { clock })
      await clock.advance(10)
      await answer
      expect(spansOf(trace, 'worker').map(({ attributes }) => attributes['flag'])).toEqual(['cut_off', 'refusal'])
    }
    expect(callsOf(talking, refusing)).toEqual([2, 1])
  })
})

describe('a call that runs', () => {
  it('is joined by the same request that is sent again, which pays for nothing', async () => {
    const clock = new FakeClock()
    const [a, b] = [slow('a'), slow('b')]
    const mixture = mixtureOf([a, b])
    const first = beginAsking(mixture, { clock })
    await clock.advance(500)
    const second = beginAsking(mixture, { clock, caller: retry })
    await clock.advance(500)
    expect([(await first.answer).text, (await second.answer).text]).toEqual(['Draft of judge.', 'Draft of judge.'])
    expect(callsOf(a, b)).toEqual([1, 1])
    expect([first.trace.ledger().length, second.trace.ledger().length]).toEqual([2, 0])
    expect(spansOf(second.trace, 'worker').map(({ outcome, attributes }) => [outcome, attributes['joined']])).toEqual([
      ['ok', true],
      ['ok', true],
    ])
    expect(clock.pending).toBe(0)
  })

  it('is not shared with one that is not sent again: two askers may want two answers', async () => {
    const clock = new FakeClock()
    const a = slow('a')
    const mixture = mixtureOf([a])
    const both = [beginAsking(mixture, { clock }), beginAsking(mixture, { clock, caller: { headers: {} } })]
    await clock.advance(1000)
    await Promise.all(both.map(({ answer }) => answer))
    expect(callsOf(a)).toEqual([2])
  })

  it('goes on for the one who waits when the one who began it leaves, and that one pays', async () => {
    const clock = new FakeClock()
    const a = slow('a')
    const mixture = mixtureOf([a])
    const leave = new AbortController()
    const first = beginAsking(mixture, { clock, signal: leave.signal })
    const gone = first.answer.catch((error: unknown) => error)
    await clock.advance(100)
    const second = beginAsking(mixture, { clock, caller: retry })
    await clock.advance(100)
    leave.abort(new CancelledError())
    expect(await gone).toBeInstanceOf(CancelledError)
    expect(spansOf(first.trace, 'worker')[0]?.outcome).toBe('client_closed')
    expect(a.calls[0]?.outcome).toBeUndefined()
    const third = beginAsking(mixture, { clock })
    await clock.advance(800)
    expect([(await second.answer).text, (await third.answer).text]).toEqual(['Draft of a.', 'Draft of a.'])
    expect(callsOf(a)).toEqual([1])
    expect([first, second, third].map(({ trace }) => trace.ledger().length)).toEqual([0, 1, 0])
  })

  it('ends upstream when the last who waits has left, with its row in that one trace', async () => {
    const clock = new FakeClock()
    const a = slow('a')
    const mixture = mixtureOf([a])
    const leaves = [new AbortController(), new AbortController()] as const
    const asked = leaves.map(({ signal }, n) =>
      beginAsking(mixture, { clock, signal, ...(n ? { caller: retry } : {}) }),
    )
    const ended = asked.map(({ answer }) => answer.catch((error: unknown) => error))
    await clock.advance(100)
    leaves[0].abort(new CancelledError())
    await clock.advance(0)
    expect(a.calls[0]?.outcome).toBeUndefined()
    leaves[1].abort(new CancelledError())
    await clock.advance(0)
    expect(a.calls[0]?.outcome).toBe('aborted')
    for (const error of await Promise.all(ended)) expect(error).toBeInstanceOf(CancelledError)
    expect(asked.map(({ trace }) => trace.ledger().map(({ outcome }) => outcome))).toEqual([[], ['client_closed']])
    expect(clock.pending).toBe(0)
  })

  it('that has been ended is never joined', async () => {
    const clock = new FakeClock()
    const a = slow('a')
    const mixture = mixtureOf([a])
    const leave = new AbortController()
    const first = beginAsking(mixture, { clock, signal: leave.signal })
    const gone = first.answer.catch((error: unknown) => error)
    leave.abort(new CancelledError())
    const second = beginAsking(mixture, { clock, caller: retry })
    await clock.advance(1000)
    expect(await gone).toBeInstanceOf(CancelledError)
    expect((await second.answer).text).toBe('Draft of a.')
    expect(callsOf(a)).toEqual([2])
  })

  it('that one has cut off as a straggler is still there for the other', async () => {
    const clock = new FakeClock()
    const [quick, late] = [slow('quick', 100), slow('late', 2000)]
    const mixture = mixtureOf([quick, late], { quorum: 1, graceMs: 500 })
    const first = beginAsking(mixture, { clock })
    await clock.advance(550)
    const second = beginAsking(mixture, { clock, caller: retry, options: { quorum: 2 } })
    await clock.advance(50)
    expect((await first.answer).text).toBe('Draft of quick.')
    expect(late.calls[0]?.outcome).toBeUndefined()
    await clock.advance(1400)
    expect((await second.answer).text).toBe('Draft of judge.')
    expect(callsOf(quick, late)).toEqual([1, 1])
    expect(second.trace.ledger().map(({ requested }) => requested)).toEqual(['late'])
  })

  it('fails for all who wait', async () => {
    const clock = new FakeClock()
    const failing = createFakeModel('failing', {
      script: () => [{ waitMs: 100 }, { fail: new UpstreamError('upstream_error', 'No.') }],
    })
    const mixture = mixtureOf([failing])
    const asked = [beginAsking(mixture, { clock }), beginAsking(mixture, { clock, caller: retry })]
    const ended = asked.map(({ answer }) => answer.catch((error: unknown) => error))
    await clock.advance(100)
    for (const error of await Promise.all(ended)) expect(error).toMatchObject({ code: 'all_workers_failed' })
    expect(callsOf(failing)).toEqual([1])
  })
})
