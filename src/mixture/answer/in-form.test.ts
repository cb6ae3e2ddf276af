import { describe, expect, it } from 'vitest'
import type { ChatEvent } from '../../chat/chat-event.ts'
import { CancelledError, UpstreamError } from '../../chat/errors.ts'
import { askModel, beginAsking, lastTextOf, notesOf } from '../../testing/ask-model.ts'
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

const schema = { type: 'object', properties: { sum: { type: 'integer' } }, required: ['sum'] }
const format = { response_format: { type: 'json_schema', json_schema: { name: 'sum', schema } } }
const good = '{"sum": 42}'
const prose = ['a', 'b'].map((id) => createSayingModel(id, 'It is 42.'))

/** An aggregate that says these texts in turn. */
function saying(...texts: readonly string[]): FakeModel {
  return createFakeModel('judge', { script: (_, call) => textSteps(texts[call] ?? 'nothing more') })
}

function mixtureOf(judge: FakeModel, workers: readonly FakeModel[] = prose): ReturnType<typeof createMixture> {
  return createMixture({ id: 'mix', workers, aggregate: judge })
}

describe('an answer that is to have a form', () => {
  it('goes up as it is where it has it, streamed and not', async () => {
    for (const stream of [true, false]) {
      const judge = saying(good)
      const { answer, events } = await askModel(mixtureOf(judge), { body: { ...format, stream } })
      expect([answer.text, answer.finishReason, answer.completion.model]).toEqual([good, 'stop', 'mix'])
      expect(events[0]?.type).toBe(stream ? 'chunk' : 'completion')
      expect(judge.calls).toHaveLength(1)
    }
  })

  it('is held back until it is known to have it', async () => {
    const clock = new FakeClock()
    const steps = textSteps(good)
    const judge = createFakeModel('judge', {
      script: () => [...steps.slice(0, -1), { waitMs: 1000 }, ...steps.slice(-1)],
    })
    const { answer, events } = beginAsking(mixtureOf(judge), { clock, body: format })
    await clock.advance(999)
    expect(events).toEqual([])
    await clock.advance(1)
    expect((await answer).text).toBe(good)
    expect(clock.pending).toBe(0)
  })

  it('is taken out of a code fence without another call', async () => {
    for (const stream of [true, false]) {
      const judge = saying(`\`\`\`json\n${good}\n\`\`\``)
      const { answer } = await askModel(mixtureOf(judge), { body: { ...format, stream } })
      expect([answer.text, judge.calls.length]).toEqual([good, 1])
    }
  })

  it.each(['Forty-two.', '{"sum": "42"}', '{"sum": 4'])('may be mended once: %s', async (wrong) => {
    const judge = saying(wrong, good)
    const { answer, trace } = await askModel(mixtureOf(judge), { body: format })
    expect(answer.text).toBe(good)
    expect(notesOf(trace)).toContain('answer_out_of_form')
    const [first, second] = judge.calls.map(({ request }) => request.body)
    expect(second?.messages.slice(0, -2)).toEqual(first?.messages)
    expect(second?.messages.at(-2)).toEqual({ role: 'assistant', content: wrong })
    expect(lastTextOf(judge.calls[1]?.request)).toMatch(/^Your last reply does not have the form/)
    expect(second?.response_format).toEqual(format.response_format)
  })

  it('is asked for again in words of the user', async () => {
    const judge = saying('Forty-two.', good)
    const prompts = { repair: { text: 'No: {{ problem }}' } }
    await askModel(createMixture({ id: 'mix', workers: prose, aggregate: judge, prompts }), { body: format })
    expect(lastTextOf(judge.calls[1]?.request)).toBe('No: It is not JSON.')
  })

  it('is the best draft that has it where it could not be mended, and the span says so', async () => {
    const workers = [createSayingModel('a', 'It is 42.'), createSayingModel('b', good)]
    const judge = saying('Forty-two.', 'Forty-two!')
    const { answer, trace } = await askModel(mixtureOf(judge, workers), { body: format })
    expect(answer.text).toBe(good)
    expect(trace.attributes).toMatchObject({ model: 'b', degraded: '2/2', degradedBy: 'aggregate' })
    expect(judge.calls).toHaveLength(2)
  })

  it('is an error where no draft has it either', async () => {
    await expect(askModel(mixtureOf(saying('Forty-two.', '{"sum": 4')), { body: format })).rejects.toMatchObject({
      code: 'upstream_invalid_format',
      message:
        'The answer of "judge" has not the form that response_format asks for, even when asked again: It is not JSON.',
    })
  })

  it('is the best draft that has it where the aggregate breaks off: nothing of its answer has gone up', async () => {
    const workers = [createSayingModel('a', 'It is 42.'), createSayingModel('b', good)]
    const judge = createFakeModel('judge', {
      script: () => [{ delta: { content: '{"su' } }, { fail: new UpstreamError('upstream_stream_cut', 'Cut.') }],
    })
    expect((await askModel(mixtureOf(judge, workers), { body: format })).answer.text).toBe(good)
    await expect(askModel(mixtureOf(judge), { body: format })).rejects.toThrow('Cut.')
  })

  const asTheyAre: readonly (readonly [string, readonly FakeStep[]])[] = [
    ['a refusal', [{ delta: { refusal: 'I will not.' } }, { delta: {}, finish: 'stop' }]],
    ['an answer that was cut at its limit', [{ delta: { content: '{"su' } }, { delta: {}, finish: 'length' }]],
    ['an answer that was filtered', [{ delta: { content: '{"su' } }, { delta: {}, finish: 'content_filter' }]],
    [
      'a tool call',
      [
        { delta: { tool_calls: [{ index: 0, id: '1', type: 'function', function: { name: 'f', arguments: '{}' } }] } },
        { delta: {}, finish: 'tool_calls' },
      ],
    ],
  ]

  it.each(asTheyAre)('is not asked for again where it is %s', async (_, steps) => {
    const judge = createFakeModel('judge', { script: () => steps })
    await askModel(mixtureOf(judge), { body: format })
    expect(judge.calls).toHaveLength(1)
  })

  it('is judged by the check that was handed in', async () => {
    const schemaProblem = (): string => 'No value is good enough.'
    const mixture = createMixture({ id: 'mix', workers: prose, aggregate: saying(good, good) }, { schemaProblem })
    await expect(askModel(mixture, { body: format })).rejects.toThrow('No value is good enough.')
  })

  it('may be any object where the client asks for json_object', async () => {
    const judge = saying('[1]', '{"x": 1}')
    const { answer } = await askModel(mixtureOf(judge), { body: { response_format: { type: 'json_object' } } })
    expect([answer.text, judge.calls.length]).toEqual(['{"x": 1}', 2])
  })

  it("is nobody's any more when the caller leaves while it is held", async () => {
    const leave = new AbortController()
    const clock = new FakeClock()
    const judge = createFakeModel('judge', { script: () => [{ delta: { content: '{"su' } }, { hang: true }] })
    const { answer } = beginAsking(mixtureOf(judge), { clock, body: format, signal: leave.signal })
    const ended = answer.catch((error: unknown) => error)
    await clock.advance(0)
    leave.abort(new CancelledError())
    expect(await ended).toBeInstanceOf(CancelledError)
    expect(judge.calls[0]?.outcome).toBe('aborted')
  })
})

describe('n choices', () => {
  const usage = { prompt_tokens: 100, completion_tokens: 5, total_tokens: 105 }
  const numbering = (): FakeModel =>
    createFakeModel('judge', { usage, script: (_, call) => textSteps(`Answer number ${call} to that.`) })

  it('are as many answers of the aggregate over the same drafts', async () => {
    for (const stream of [true, false]) {
      const judge = numbering()
      const workers = ['a', 'b'].map((id) => createSayingModel(id, 'It is 42.'))
      const { answer } = await askModel(mixtureOf(judge, workers), { body: { n: 3, seed: 7, stream } })
      const { choices, id, model } = answer.completion
      expect(choices.map(({ index, message, finish_reason: reason }) => [index, message.content, reason])).toEqual([
        [0, 'Answer number 0 to that.', 'stop'],
        [1, 'Answer number 1 to that.', 'stop'],
        [2, 'Answer number 2 to that.', 'stop'],
      ])
      expect([id.slice(0, 9), model]).toEqual(['chatcmpl-', 'mix'])
      expect(workers.map(({ calls }) => calls.length)).toEqual([1, 1])
      expect(judge.calls.map(({ request }) => [request.body.n, request.body.seed])).toEqual([
        [undefined, 7],
        [undefined, 8],
        [undefined, 9],
      ])
      expect(answer.end.usage).toMatchObject({ completion_tokens: 15 })
      expect(answer.end.usage?.prompt_tokens).toBeLessThan(100)
    }
  })

  it('come interleaved, one id for all, one end', async () => {
    const clock = new FakeClock()
    const judge = createFakeModel('judge', {
      script: (_, call) => textSteps(`Answer ${call}, slowly.`, 4).flatMap((step) => [step, { waitMs: 10 }]),
    })
    const { answer, events } = beginAsking(mixtureOf(judge), { clock, body: { n: 2 } })
    await clock.advance(1000)
    await answer
    const indices = events.flatMap((event) =>
      event.type === 'chunk' ? event.chunk.choices.map(({ index }) => index) : [],
    )
    expect(indices.slice(0, 6).toSorted()).toEqual([0, 0, 0, 1, 1, 1])
    expect(new Set(events.flatMap((event) => (event.type === 'chunk' ? event.chunk.id : []))).size).toBe(1)
    expect(events.filter(({ type }) => type === 'end')).toHaveLength(1)
  })

  it('each have the form that is asked for', async () => {
    const judge = saying('Forty-two.', good, good)
    const { answer } = await askModel(mixtureOf(judge), { body: { ...format, n: 2 } })
    expect(answer.completion.choices.map(({ message }) => message.content)).toEqual([good, good])
    expect(judge.calls).toHaveLength(3)
  })

  it('are all there or none: one that cannot begin fails the request, and the others are ended', async () => {
    const clock = new FakeClock()
    const judge = createFakeModel('judge', {
      script: (_, call): readonly FakeStep[] =>
        call === 0
          ? [{ delta: { content: 'Begun' } }, { hang: true }]
          : [{ fail: new UpstreamError('upstream_error', 'No.') }],
    })
    const { answer } = beginAsking(mixtureOf(judge), { clock, body: { n: 2 } })
    const ended = answer.catch((error: unknown) => error)
    await clock.advance(0)
    expect(await ended).toMatchObject({ code: 'upstream_error' })
    expect(judge.calls[0]?.outcome).toBe('aborted')
    expect(clock.pending).toBe(0)
  })

  it('end together where one breaks off in the middle', async () => {
    const clock = new FakeClock()
    const judge = createFakeModel('judge', {
      script: (_, call): readonly FakeStep[] =>
        call === 0
          ? [{ delta: { content: 'Begun' } }, { hang: true }]
          : [
              { delta: { content: 'Begun' } },
              { waitMs: 10 },
              { fail: new UpstreamError('upstream_stream_cut', 'Cut.') },
            ],
    })
    const { answer } = beginAsking(mixtureOf(judge), { clock, body: { n: 2 } })
    const ended = answer.catch((error: unknown) => error)
    await clock.advance(10)
    expect(await ended).toMatchObject({ code: 'upstream_stream_cut' })
    await clock.advance(0)
    expect(judge.calls[0]?.outcome).toBe('aborted')
  })

  it('are told apart where the aggregate answers whole', async () => {
    const plain = createSayingModel('judge', '')
    const chat = async function* (): AsyncGenerator<ChatEvent> {
      await Promise.resolve()
      const choice = { index: 0, message: { role: 'assistant', content: 'Whole.' }, finish_reason: 'stop' }
      const head = { id: 'x', object: 'chat.completion', created: 1, model: 'judge' }
      yield { type: 'completion', completion: { ...head, choices: [choice], usage } }
      yield { type: 'end', usage: null }
    }
    const { answer } = await askModel(mixtureOf({ ...plain, chat }), { body: { n: 2 } })
    expect(answer.completion.choices.map(({ index, message }) => [index, message.content])).toEqual([
      [0, 'Whole.'],
      [1, 'Whole.'],
    ])
    expect(answer.end.usage?.completion_tokens).toBe(10)
  })

  it('are 16 at most', async () => {
    await expect(askModel(mixtureOf(numbering()), { body: { n: 17 } })).rejects.toMatchObject({
      code: 'unsupported_parameter',
      param: 'n',
    })
  })

  it('are never one draft instead', async () => {
    const down = createFailingModel('judge', new UpstreamError('upstream_error', 'No.'))
    await expect(askModel(mixtureOf(down), { body: { n: 2 } })).rejects.toThrow('No.')
  })
})
