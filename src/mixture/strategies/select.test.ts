import { describe, expect, it } from 'vitest'
import type { ChatRequest } from '../../chat/chat-request.ts'
import { UpstreamError } from '../../chat/errors.ts'
import { askModel, lastTextOf, notesOf } from '../../testing/ask-model.ts'
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

const texts = ['Draft A.', 'Draft B.', 'Draft C.']

/** A model that names the draft which holds `text`. */
function choosing(text: string, say: (number: number) => string = (number) => `{"draft": ${number}}`): FakeModel {
  return createFakeModel('judge', { script: (request) => textSteps(say(numberOf(text, request))) })
}

function numberOf(text: string, request: ChatRequest): number {
  const prompt = lastTextOf(request)
  return Number(/Draft (\d+)\D*$/.exec(prompt.slice(0, prompt.indexOf(text)).split('\n').at(-2) ?? '')?.[1])
}

function mixtureOf(aggregate: FakeModel, changes: Partial<MixtureDefinition> = {}): ReturnType<typeof createMixture> {
  const workers = texts.map((text, n) => ({ model: createSayingModel(`w${n}`, text), weight: n === 1 ? 2 : 1 }))
  return createMixture({ id: 'mix', workers, aggregate, strategy: 'select', ...changes })
}

describe('select', () => {
  it.each(texts)('gives the draft that the aggregate names, word for word: %s', async (text) => {
    for (const stream of [true, false]) {
      const judge = choosing(text)
      const { answer, trace } = await askModel(mixtureOf(judge), { body: { stream } })
      expect(answer.text).toBe(text)
      expect(judge.calls).toHaveLength(1)
      expect(trace.attributes).toMatchObject({ strategy: 'select', model: `w${texts.indexOf(text)}` })
      expect(trace.attributes).not.toHaveProperty('degraded')
    }
  })

  it('asks for a number by a strict schema, without what the client asked of the answer', async () => {
    const judge = choosing('Draft A.')
    await askModel(mixtureOf(judge), { body: { max_tokens: 1, stop: ['1'], n: 1, temperature: 0.9, user: 'u' } })
    const { messages, ...body } = judge.calls[0]?.request.body ?? { messages: [] }
    expect(body).toEqual({
      model: 'judge',
      stream: false,
      temperature: 0,
      user: 'u',
      response_format: {
        type: 'json_schema',
        json_schema: {
          name: 'best_draft',
          strict: true,
          schema: {
            type: 'object',
            properties: { draft: { type: 'integer', enum: [1, 2, 3] } },
            required: ['draft'],
            additionalProperties: false,
          },
        },
      },
    })
    expect(messages).toHaveLength(1)
  })

  it.each<(n: number) => string>([
    (n) => String(n),
    (n) => `Draft ${n}`,
    (n) => `<think>Draft 1? Draft 2? Draft 3?</think>I choose draft ${n}.`,
    (n) => `\`\`\`json\n{"draft": ${n}}\n\`\`\``,
  ])('reads the reply leniently', async (say) => {
    expect((await askModel(mixtureOf(choosing('Draft C.', say)))).answer.text).toBe('Draft C.')
  })

  it.each(['I cannot decide.', '{"draft": 7}', 'Draft 1 or draft 2'])(
    'takes the best draft by weight where the reply names none: %s',
    async (reply) => {
      const { answer, trace } = await askModel(mixtureOf(createSayingModel('judge', reply)))
      expect(answer.text).toBe('Draft B.')
      expect(trace.attributes.degraded).toBe('3/3')
    },
  )

  it('asks the fallbacks, then takes the best draft by weight', async () => {
    const down = createFailingModel('down', new UpstreamError('upstream_error', 'No.'))
    const helped = await askModel(mixtureOf(down, { aggregateFallbacks: [choosing('Draft C.')] }))
    expect(helped.answer.text).toBe('Draft C.')
    const alone = await askModel(mixtureOf(down))
    expect(alone.answer.text).toBe('Draft B.')
    expect(alone.trace.attributes).toMatchObject({ degraded: '3/3', degradedBy: 'aggregate' })
    expect(notesOf(alone.trace)).toContain('aggregate_failed')
  })

  it.each(['', ' \n', '<think>Hm.</think>'])(
    'asks the fallback of one that replies with nothing: %j',
    async (reply) => {
      const { answer, trace } = await askModel(
        mixtureOf(createSayingModel('mute', reply), { aggregateFallbacks: [choosing('Draft C.')] }),
      )
      expect(answer.text).toBe('Draft C.')
      expect(trace.attributes).not.toHaveProperty('degraded')
    },
  )

  it('asks a server that refuses the schema for the same in words', async () => {
    const old = createFakeModel('old', {
      script: (request): readonly FakeStep[] =>
        request.body.response_format
          ? [{ fail: new UpstreamError('upstream_bad_request', 'response_format is not supported.') }]
          : textSteps(`{"draft": ${numberOf('Draft C.', request)}}`),
    })
    expect((await askModel(mixtureOf(old))).answer.text).toBe('Draft C.')
    expect(old.calls.map(({ request }) => request.body.temperature)).toEqual([0, undefined])
  })

  it('asks nobody where all refuse, and hands one refusal up', async () => {
    const judge = choosing('no call')
    const refusing = createFakeModel('refusing', {
      script: () => [{ delta: { refusal: 'I will not.' } }, { delta: {}, finish: 'stop' }],
    })
    const { answer } = await askModel(mixtureOf(judge, { workers: [refusing, refusing] }))
    expect([answer.text, answer.finishReason, judge.calls.length]).toEqual(['I will not.', 'content_filter', 0])
  })

  it('asks nobody where there is one draft', async () => {
    const judge = choosing('Draft A.')
    const { answer } = await askModel(mixtureOf(judge, { workers: [createSayingModel('a', 'Draft A.')] }))
    expect([answer.text, judge.calls.length]).toEqual(['Draft A.', 0])
  })

  it('skips drafts that have not the form that the client wants', async () => {
    const judge = choosing('no call')
    const workers = ['Here: {"a": 1}', '{"a": 2}', '{"a": "x"}'].map((text, n) => createSayingModel(`w${n}`, text))
    const schema = { type: 'object', properties: { a: { type: 'integer' } }, required: ['a'] }
    const body = { response_format: { type: 'json_schema', json_schema: { name: 'a', schema } } }
    expect((await askModel(mixtureOf(judge, { workers }), { body })).answer.text).toBe('{"a": 2}')
    expect(judge.calls).toHaveLength(0)
  })

  it('has the aggregate write the answer where no draft has that form', async () => {
    const judge = createSayingModel('judge', '{"a": 3}')
    const body = { response_format: { type: 'json_object' } }
    expect((await askModel(mixtureOf(judge), { body })).answer.text).toBe('{"a": 3}')
    expect(judge.calls[0]?.request.body.response_format).toEqual(body.response_format)
  })
})
