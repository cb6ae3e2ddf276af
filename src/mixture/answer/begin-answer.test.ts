import { describe, expect, it } from 'vitest'
import { UpstreamError } from '../../chat/errors.ts'
import { askModel, forwardedIn, spansOf } from '../../testing/ask-model.ts'
import { createFakeModel, createSayingModel, textSteps } from '../../testing/fake-model.ts'
import { createMixture } from '../mixture.ts'

const workers = [createSayingModel('a', 'Draft A.'), { model: createSayingModel('b', 'Draft B.'), weight: 2 }]
const cut = new UpstreamError('upstream_stream_cut', 'Cut.')
/** Streams whether it is asked to or not, and breaks after its first words. */
const breaking = createFakeModel('judge', { script: () => [...textSteps('Forty').slice(0, -1), { fail: cut }] })

describe('an aggregate that breaks in the middle of a stream that the client has not asked for', () => {
  it('makes room for a fallback: nobody has seen its beginning', async () => {
    const spare = createSayingModel('spare', 'Spare.')
    const mixture = createMixture({ id: 'mix', workers, aggregate: breaking, aggregateFallbacks: [spare] })
    const { answer, trace } = await askModel(mixture, { body: { stream: false } })
    expect([answer.text, answer.finishReason]).toEqual(['Spare.', 'stop'])
    expect(spansOf(trace, 'aggregate').map(({ outcome }) => outcome)).toEqual(['upstream_stream_cut', 'ok'])
    expect(trace.attributes.degraded).toBeUndefined()
  })

  it('makes room for the best draft where there is no fallback, and the answer says so', async () => {
    const { answer, trace } = await askModel(createMixture({ id: 'mix', workers, aggregate: breaking }), {
      body: { stream: false },
    })
    expect(answer.text).toBe('Draft B.')
    expect(trace.attributes).toMatchObject({ degraded: '2/2', degradedBy: 'aggregate' })
    expect(forwardedIn(trace)).toEqual(['b'])
  })

  it('fails where it was asked alone', async () => {
    const alone = createMixture({ id: 'mix', workers: [], aggregate: breaking })
    await expect(askModel(alone, { body: { stream: false } })).rejects.toBe(cut)
  })
})

it('a stream with a form that breaks makes room for a fallback, too', async () => {
  const spare = createSayingModel('spare', '{"a":1}')
  const mixture = createMixture({ id: 'mix', workers, aggregate: breaking, aggregateFallbacks: [spare] })
  const { answer } = await askModel(mixture, { body: { stream: true, response_format: { type: 'json_object' } } })
  expect(answer.text).toBe('{"a":1}')
})
