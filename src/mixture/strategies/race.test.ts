import { describe, expect, it } from 'vitest'
import { UpstreamError } from '../../chat/errors.ts'
import { askModel, beginAsking, notesOf } from '../../testing/ask-model.ts'
import { FakeClock } from '../../testing/fake-clock.ts'
import {
  createFailingModel,
  createFakeModel,
  createSayingModel,
  type FakeModel,
  type FakeStep,
  textSteps,
} from '../../testing/fake-model.ts'
import { createMixture } from '../mixture.ts'

const late = (id: string, waitMs: number, text = `Draft of ${id}.`): FakeModel =>
  createFakeModel(id, { script: () => [{ waitMs }, ...textSteps(text)] })
const down = createFailingModel('down', new UpstreamError('upstream_error', 'No.'))
const shy = createFakeModel('shy', {
  script: () => [{ delta: { refusal: 'I will not.' } }, { delta: {}, finish: 'stop' }],
})

function raceOf(...workers: readonly FakeModel[]): {
  readonly judge: FakeModel
  readonly mixture: ReturnType<typeof createMixture>
} {
  const judge = createSayingModel('judge', 'The answer.')
  return { judge, mixture: createMixture({ id: 'mix', workers, aggregate: judge, strategy: 'race' }) }
}

describe('race', () => {
  it.each([true, false])('gives the first whole draft and stops the others at once (streamed: %s)', async (stream) => {
    const clock = new FakeClock()
    const [slow, fast, hanging] = [late('slow', 900), late('fast', 100), late('hanging', 60_000)]
    const { mixture, judge } = raceOf(slow, fast, hanging)
    const { answer, trace } = beginAsking(mixture, { clock, body: { stream } })
    await clock.advance(100)
    expect((await answer).text).toBe('Draft of fast.')
    expect([slow, fast, hanging].map(({ calls }) => calls[0]?.outcome)).toEqual(['aborted', 'ok', 'aborted'])
    expect(judge.calls).toHaveLength(0)
    expect(trace.attributes).toMatchObject({ strategy: 'race', model: 'fast', drafts: 1 })
    expect(trace.attributes).not.toHaveProperty('degraded')
    expect(notesOf(trace).filter((note) => note === 'straggler_aborted')).toHaveLength(2)
    expect(clock.pending).toBe(0)
  })

  it('does not take a worker that has begun for a draft', async () => {
    const clock = new FakeClock()
    const script = (): readonly FakeStep[] => [
      ...textSteps('Long. '.repeat(100)).slice(0, -1),
      { waitMs: 500 },
      { fail: new UpstreamError('upstream_error', 'Broken off.') },
    ]
    const { mixture } = raceOf(createFakeModel('eager', { script }), late('steady', 900))
    const { answer } = beginAsking(mixture, { clock })
    await clock.advance(900)
    expect((await answer).text).toBe('Draft of steady.')
  })

  it('takes a refusal only where nobody has anything better', async () => {
    expect((await askModel(raceOf(shy, createSayingModel('b', 'It is 42.')).mixture)).answer.text).toBe('It is 42.')
    const { answer, trace } = await askModel(raceOf(shy, down).mixture)
    expect([answer.text, answer.finishReason]).toEqual(['I will not.', 'content_filter'])
    expect(trace.attributes.degraded).toBe('1/2')
  })

  it('waits for the first draft that has the form which the client wants', async () => {
    const { mixture, judge } = raceOf(createSayingModel('a', 'It is 42.'), createSayingModel('b', '{"a": 42}'))
    const { answer } = await askModel(mixture, { body: { response_format: { type: 'json_object' } } })
    expect([answer.text, judge.calls.length]).toEqual(['{"a": 42}', 0])
  })

  it('has the aggregate write what no draft can be', async () => {
    const { mixture, judge } = raceOf(createSayingModel('a', 'It is 42.'), createSayingModel('b', 'So 42.'))
    const { answer } = await askModel(mixture, { body: { n: 2 } })
    expect([answer.text, judge.calls.length]).toEqual(['The answer.', 2])
  })

  it('goes on without those that fail, and is an error where all do', async () => {
    expect((await askModel(raceOf(down, createSayingModel('b', 'It is 42.')).mixture)).answer.text).toBe('It is 42.')
    await expect(askModel(raceOf(down, down).mixture)).rejects.toMatchObject({ code: 'all_workers_failed' })
  })
})
