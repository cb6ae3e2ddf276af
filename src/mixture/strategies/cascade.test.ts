import { describe, expect, it } from 'vitest'
import type { Price } from '../../chat/chat-model.ts'
import { ConfigError, UpstreamError } from '../../chat/errors.ts'
import { askModel, beginAsking, forwardedIn, lastTextOf, notesOf } from '../../testing/ask-model.ts'
import { FakeClock } from '../../testing/fake-clock.ts'
import {
  createFailingModel,
  createFakeModel,
  createSayingModel,
  type FakeModel,
  textSteps,
} from '../../testing/fake-model.ts'
import { replayGsm8k } from '../../testing/recorded-answers.ts'
import { extractAnswer } from '../judging/extract-answer.ts'
import type { MixtureDefinition } from '../mixture-definition.ts'
import { createMixture } from '../mixture.ts'

interface Cascade {
  readonly workers: readonly FakeModel[]
  readonly judge: FakeModel
  readonly mixture: ReturnType<typeof createMixture>
  /** The calls made to each worker, then to the aggregate. */
  readonly calls: () => readonly number[]
}

function cascadeOf(texts: readonly string[], changes: Partial<MixtureDefinition> = {}): Cascade {
  return cascadeWith(
    texts.map((text, n) => createSayingModel(`w${n}`, text)),
    changes,
  )
}

function cascadeWith(workers: readonly FakeModel[], changes: Partial<MixtureDefinition> = {}): Cascade {
  const judge = createSayingModel('judge', 'The answer.')
  const mixture = createMixture({ id: 'mix', workers, aggregate: judge, strategy: 'cascade', ...changes })
  return { workers, judge, mixture, calls: () => [...workers, judge].map(({ calls }) => calls.length) }
}

const priced = (id: string, text: string, price?: Price): FakeModel =>
  createFakeModel(id, { card: price ? { price } : {}, script: () => textSteps(text) })

describe('cascade', () => {
  it.each([true, false])('asks nobody else where the first two agree (streamed: %s)', async (stream) => {
    const { mixture, calls } = cascadeOf(['It is 42.', 'So 42.', 'No, 41.'])
    const { answer, trace } = await askModel(mixture, { body: { stream } })
    expect([answer.text, calls()]).toEqual(['It is 42.', [1, 1, 0, 0]])
    expect(trace.attributes).toMatchObject({ strategy: 'cascade', model: 'w0', drafts: 2, spared: 1 })
    expect(trace.attributes).not.toHaveProperty('degraded')
    expect(notesOf(trace)).toEqual(['worker_done', 'worker_done', 'drafts_agree'])
    expect(forwardedIn(trace)).toEqual(['w0'])
  })

  it('asks the others where they do not, and all vote', async () => {
    const { mixture, calls } = cascadeOf(['It is 41.', 'It is 42.', 'So 42.'])
    const { answer, trace } = await askModel(mixture)
    expect([answer.text, calls()]).toEqual(['It is 42.', [1, 1, 1, 0]])
    expect(trace.attributes).toMatchObject({ drafts: 3 })
    expect(trace.attributes).not.toHaveProperty('spared')
    expect(notesOf(trace)).toContain('escalated')
  })

  it('has the aggregate name one of the tied', async () => {
    const { mixture, judge, calls } = cascadeOf(['It is 41.', 'It is 42.', 'It is 43.'])
    await askModel(mixture)
    expect(calls()).toEqual([1, 1, 1, 1])
    expect(judge.calls[0]?.request.body.response_format?.json_schema?.name).toBe('best_draft')
  })

  it('has the aggregate write the answer where there is nothing to vote on', async () => {
    const essays = [
      'Much can be said of it\nand shall be',
      'I could go on and on\nbut will not',
      'Nobody knows\nfor sure',
    ]
    const { mixture, judge } = cascadeOf(essays)
    const { answer } = await askModel(mixture)
    expect(answer.text).toBe('The answer.')
    for (const text of essays) expect(lastTextOf(judge.calls[0]?.request)).toContain(text)
  })

  it('begins with as many as it is told, samples counted', async () => {
    const worker = createSayingModel('cheap', 'It is 42.')
    const other = createSayingModel('other', 'It is 41.')
    const { mixture } = cascadeWith([], { workers: [{ model: worker, samples: 3 }, other], firstWorkers: 3 })
    await askModel(mixture)
    expect([worker.calls.length, other.calls.length]).toEqual([3, 0])
  })

  it('begins with the cheapest where every worker has a price', async () => {
    const workers = [
      priced('dear', 'It is 41.', { input: 5, output: 20 }),
      priced('cheap', 'It is 42.', { input: 0.1, output: 0.2 }),
      priced('fair', 'So 42.', { input: 1, output: 2 }),
    ]
    const { mixture, calls } = cascadeWith(workers)
    expect((await askModel(mixture)).answer.text).toBe('It is 42.')
    expect(calls()).toEqual([0, 1, 1, 0])
  })

  it('keeps the order of the definition where one has none', async () => {
    const workers = [
      priced('dear', 'It is 41.', { input: 5, output: 20 }),
      priced('unknown', 'It is 41.'),
      priced('free', 'It is 42.', { input: 0, output: 0 }),
    ]
    const { mixture, calls } = cascadeWith(workers)
    await askModel(mixture)
    expect(calls()).toEqual([1, 1, 0, 0])
  })

  it('asks the others as soon as one of the first has failed, and takes what the slow one still says', async () => {
    const clock = new FakeClock()
    const slow = createFakeModel('slow', { script: () => [{ waitMs: 2000 }, ...textSteps('It is 42.')] })
    const down = createFailingModel('down', new UpstreamError('upstream_error', 'No.'))
    const { mixture, workers } = cascadeWith([
      slow,
      down,
      createSayingModel('c', 'So 42.'),
      createSayingModel('d', '41'),
    ])
    const { answer, trace } = beginAsking(mixture, { clock })
    await clock.advance(1)
    expect(workers[2]?.calls).toHaveLength(1)
    await clock.advance(2000)
    expect((await answer).text).toBe('It is 42.')
    expect(trace.attributes.degraded).toBe('3/4')
    expect(clock.pending).toBe(0)
  })

  it('stops a straggler of the first after quorum and grace', async () => {
    const clock = new FakeClock()
    const hanging = createFakeModel('hanging', { script: () => [{ hang: true }] })
    const down = createFailingModel('down', new UpstreamError('upstream_error', 'No.'))
    const texts = ['It is 42.', 'So 42.', '42']
    const rest = texts.map((text, n) => createSayingModel(`r${n}`, text))
    const { mixture } = cascadeWith([hanging, down, ...rest], { quorum: 3 })
    const { answer, trace } = beginAsking(mixture, { clock })
    await clock.advance(3000)
    expect((await answer).text).toBe('It is 42.')
    expect(hanging.calls[0]?.outcome).toBe('aborted')
    expect(trace.attributes.degraded).toBe('3/5')
  })

  it('does not take two refusals for an answer', async () => {
    const shy = createFakeModel('shy', {
      script: () => [{ delta: { refusal: 'I will not.' } }, { delta: {}, finish: 'stop' }],
    })
    const { mixture, workers } = cascadeWith([shy, shy, createSayingModel('c', 'It is 42.')])
    await askModel(mixture)
    expect(workers[2]?.calls).toHaveLength(1)
  })

  it('has the aggregate write what no draft can be, out of the drafts that agree', async () => {
    for (const body of [{ n: 2 }, { response_format: { type: 'json_object' } }]) {
      const { mixture, calls } = cascadeOf(['It is 42.', 'So 42.', 'No, 41.'])
      await askModel(mixture, { body }).catch(() => undefined)
      expect(calls().slice(0, 3)).toEqual([1, 1, 0])
      expect(calls()[3]).toBeGreaterThan(0)
    }
  })

  it('is an error where nobody answers, and one worker is asked like two', async () => {
    const down = createFailingModel('down', new UpstreamError('upstream_error', 'No.'))
    await expect(askModel(cascadeWith([down, down, down]).mixture)).rejects.toMatchObject({
      code: 'all_workers_failed',
    })
    expect((await askModel(cascadeOf(['It is 42.']).mixture)).answer.text).toBe('It is 42.')
  })

  it('cannot begin with one, because one draft agrees with nobody', () => {
    expect(() => cascadeOf(['a', 'b'], { firstWorkers: 1 })).toThrow(ConfigError)
  })
})

const { rows, replaying } = replayGsm8k()

describe.skipIf(rows.length === 0)(
  'cascade on recorded answers to GSM8K (skipped where gsm8k-two-models.jsonl is absent)',
  () => {
    it('stops at three of five questions and is as right as asking all', async () => {
      const workers = [replaying('mixtral-8x7b'), replaying('gpt-4'), replaying('gpt-4')]
      const { mixture, calls } = cascadeWith(workers)
      const counted = { right: 0, stopped: 0, stoppedRight: 0 }
      for (const { question, gold } of rows) {
        const { answer, trace } = await askModel(mixture, { body: { messages: [{ role: 'user', content: question }] } })
        const isRight = extractAnswer(answer.text) === extractAnswer(gold)
        const hasStopped = trace.attributes['spared'] === 1
        counted.right += Number(isRight)
        counted.stopped += Number(hasStopped)
        counted.stoppedRight += Number(hasStopped && isRight)
      }
      expect(rows).toHaveLength(952)
      expect(counted).toEqual({ right: 901, stopped: 582, stoppedRight: 569 })
      expect(calls()).toEqual([952, 952, 952 - 582, 0])
    })
  },
)
