import { describe, expect, it } from 'vitest'
import type { ChatChunk, ChatEvent } from '../../chat/chat-event.ts'
import type { ChatBody } from '../../chat/chat-request.ts'
import { RequestError, UpstreamError } from '../../chat/errors.ts'
import { estimateTokens } from '../../chat/estimate-tokens.ts'
import { askModel, beginAsking, forwardedIn, lastTextOf, notesOf, spansOf } from '../../testing/ask-model.ts'
import { FakeClock } from '../../testing/fake-clock.ts'
import {
  createFailingModel,
  createFakeModel,
  createSayingModel,
  type FakeModel,
  type FakeStep,
  textSteps,
} from '../../testing/fake-model.ts'
import { recordCalls } from '../../trace/record-calls.ts'
import type { MemberDefinition, MixtureDefinition } from '../mixture-definition.ts'
import { createMixture } from '../mixture.ts'

const usage = { prompt_tokens: 1000, completion_tokens: 5, total_tokens: 1005 }
const workers = [createSayingModel('a', 'Draft A.'), { model: createSayingModel('b', 'Draft B.'), weight: 2 }]
const down = createFailingModel('down', new UpstreamError('upstream_error', 'It is down.'))

function mixtureOf(
  aggregate: MixtureDefinition['aggregate'],
  changes: Partial<MixtureDefinition> = {},
): ReturnType<typeof createMixture> {
  return createMixture({ id: 'mix', workers, aggregate, ...changes })
}

function chunksIn(events: readonly ChatEvent[]): readonly ChatChunk[] {
  return events.flatMap((event) => (event.type === 'chunk' ? event.chunk : []))
}

describe('the answer of the aggregate', () => {
  it('goes up while it is being written', async () => {
    const clock = new FakeClock()
    const [role, first, ...rest] = textSteps('Forty-two, I think.')
    const judge = createFakeModel('judge', {
      script: () => [...(role ? [role] : []), ...(first ? [first] : []), { waitMs: 5000 }, ...rest],
    })
    const { events, answer } = beginAsking(mixtureOf(judge), { clock })
    await clock.advance(1)
    expect(chunksIn(events).map(({ choices }) => choices[0]?.delta.content)).toEqual(['', 'Forty-tw'])
    await clock.advance(5000)
    expect((await answer).text).toBe('Forty-two, I think.')
  })

  it('has one id of its own and the name of the mixture', async () => {
    const { events } = await askModel(mixtureOf(createSayingModel('judge', 'Forty-two, I think.')))
    const heads = new Set(chunksIn(events).map(({ id, model }) => `${id} ${model}`))
    expect([...heads].join()).toMatch(/^chatcmpl-[0-9a-f]{24} mix$/)
  })

  it('keeps fields that nobody here knows, reasoning among them', async () => {
    const judge = createFakeModel('judge', {
      script: () => [{ delta: { reasoning_content: 'Hm.', x_custom: 1 } }, ...textSteps('42')],
    })
    const { events, answer } = await askModel(mixtureOf(judge))
    expect(chunksIn(events)[0]?.choices[0]?.delta).toEqual({ reasoning_content: 'Hm.', x_custom: 1 })
    expect(answer.reasoning).toBe('Hm.')
  })

  it('is one completion for a client that does not stream, whether the aggregate streams or not', async () => {
    const whole = createFakeModel('judge', { script: () => textSteps('42') })
    for (const judge of [createSayingModel('judge', '42', usage), { ...whole, chat: wholeAnswer }]) {
      const { events } = await askModel(mixtureOf(judge), { body: { stream: false } })
      expect(events.map(({ type }) => type)).toEqual(['completion', 'end'])
      expect(events[0]).toMatchObject({
        completion: {
          object: 'chat.completion',
          model: 'mix',
          choices: [{ message: { role: 'assistant', content: '42' }, finish_reason: 'stop' }],
        },
      })
    }
  })

  it('says at its end what the client used and what it all took', async () => {
    const record = (model: FakeModel): ReturnType<typeof recordCalls> => recordCalls(model)
    const judge = createSayingModel('judge', '42', usage)
    const mixture = createMixture({
      id: 'mix',
      workers: [record(createSayingModel('a', 'A.', usage)), record(createSayingModel('b', 'B.', usage))],
      aggregate: record(judge),
    })
    for (const stream of [true, false]) {
      const { events, answer } = await askModel(mixture, { body: { stream } })
      const sent = estimateTokens(lastTextOf(judge.calls.at(-1)?.request))
      const asked = estimateTokens('What is 6 times 7?')
      expect(answer.end.usage).toMatchObject({ prompt_tokens: Math.round((1000 * asked) / sent), completion_tokens: 5 })
      expect(answer.end.total).toMatchObject({ calls: 3, promptTokens: 3000, completionTokens: 15, source: 'reported' })
      expect(chunksIn(events).some((chunk) => 'usage' in chunk)).toBe(false)
    }
  })

  it('loses the usage that its upstream wrote into chunks, and still knows it', async () => {
    const chunk = { id: 'x', object: 'chat.completion.chunk', created: 1, model: 'judge' }
    const judge = createSayingModel('judge', '')
    const chat = async function* (): AsyncGenerator<ChatEvent> {
      await Promise.resolve()
      yield {
        type: 'chunk',
        chunk: { ...chunk, choices: [{ index: 0, delta: { content: '42' }, finish_reason: 'stop' }], usage: null },
      }
      yield { type: 'chunk', chunk: { ...chunk, choices: [], usage } }
      yield { type: 'end', usage: null }
    }
    const { events, answer } = await askModel(mixtureOf({ ...judge, chat }))
    expect(chunksIn(events)).toHaveLength(1)
    expect(chunksIn(events)[0]).not.toHaveProperty('usage')
    expect(answer.end.usage?.completion_tokens).toBe(5)
  })

  async function* wholeAnswer(): AsyncGenerator<ChatEvent> {
    await Promise.resolve()
    const message = { role: 'assistant', content: '42' }
    yield {
      type: 'completion',
      completion: {
        id: 'x',
        object: 'chat.completion',
        created: 1,
        model: 'judge',
        choices: [{ index: 0, message, finish_reason: 'stop' }],
      },
    }
    yield { type: 'end', usage }
  }
})

describe('what the aggregate is asked', () => {
  async function bodyFor(body: Partial<ChatBody>, aggregate: Omit<MemberDefinition, 'model'> = {}): Promise<ChatBody> {
    const judge = createSayingModel('judge', '{"a": 1}')
    await askModel(mixtureOf({ model: judge, ...aggregate }), { body })
    const asked = judge.calls[0]?.request.body
    if (!asked) throw new Error('The aggregate was not asked.')
    return asked
  }

  it('is all that the client asked of the answer', async () => {
    const body = {
      max_tokens: 50,
      stop: ['END'],
      response_format: { type: 'json_object' },
      n: 1,
      logprobs: true,
      temperature: 0.1,
      user: 'u',
    }
    expect(await bodyFor(body)).toMatchObject({
      ...body,
      stream: true,
      stream_options: { include_usage: true },
      model: 'judge',
    })
  })

  it('is whole where the client does not stream', async () => {
    const body = await bodyFor({ stream: false })
    expect(body.stream).toBe(false)
    expect(body).not.toHaveProperty('stream_options')
  })

  it('has params of its own only where the client is silent', async () => {
    const params = { temperature: 0.9, top_k: 40, max_tokens: 100 }
    expect(await bodyFor({ temperature: 0.1, max_tokens: null }, { params })).toMatchObject({
      temperature: 0.1,
      top_k: 40,
      max_tokens: 100,
    })
  })

  it('is the conversation as it was with one block behind it', async () => {
    const history = [
      { role: 'system', content: 'S' },
      { role: 'user', content: 'a', name: 'ann' },
      { role: 'assistant', content: 'b', reasoning_content: 'r' },
    ]
    const { messages } = await bodyFor({ messages: [...history, { role: 'user', content: 'Why?', name: 'ann' }] })
    expect(messages.slice(0, 3)).toEqual(history)
    expect(messages[3]).toMatchObject({ role: 'user', name: 'ann' })
    expect(messages[3]?.content).toMatch(/^Why\?\n\n---\n/)
    expect(messages).toHaveLength(4)
  })

  it('has the block as a part behind the parts of the last user message', async () => {
    const part = { type: 'text', text: 'Why?', cache_control: { type: 'ephemeral' } }
    const { messages } = await bodyFor({ messages: [{ role: 'user', content: [part] }] })
    expect(messages[0]?.content).toMatchObject([part, { type: 'text' }])
  })

  it('has the block as a message of the user where the last is not', async () => {
    const history = [
      { role: 'user', content: 'Why?' },
      { role: 'assistant', content: 'Because' },
    ]
    const { messages } = await bodyFor({ messages: history })
    expect(messages.slice(0, 2)).toEqual(history)
    expect(messages[2]?.role).toBe('user')
  })

  it('has the system prompt of the aggregate', async () => {
    const systemPrompt = { mode: 'append', template: { text: 'Sign as {{ mixture.name }}.' } } as const
    const { messages } = await bodyFor({ messages: [{ role: 'user', content: 'Why?' }] }, { systemPrompt })
    expect(messages[0]).toEqual({ role: 'system', content: 'Sign as mix.' })
  })
})

describe('where the aggregate fails before its first content', () => {
  const silent: readonly (readonly [string, readonly FakeStep[]])[] = [
    ['it throws', [{ fail: new UpstreamError('upstream_error', 'No.') }]],
    [
      'it throws behind its role',
      [{ delta: { role: 'assistant', content: '' } }, { fail: new UpstreamError('upstream_reset', 'No.') }],
    ],
    ['it ends without a word', [{ delta: { role: 'assistant', content: '' } }, { delta: {}, finish: 'stop' }]],
  ]

  it.each(silent)('its fallbacks are asked in turn: %s', async (_, steps) => {
    const judge = createFakeModel('judge', { script: () => steps })
    const spare = createSayingModel('spare', 'Spare answer.')
    const { answer, events, trace } = await askModel(mixtureOf(judge, { aggregateFallbacks: [down, spare] }))
    expect(answer.text).toBe('Spare answer.')
    expect(chunksIn(events).filter(({ choices }) => choices[0]?.delta.role)).toHaveLength(1)
    expect(spansOf(trace, 'aggregate').map(({ name }) => name)).toEqual(['judge', 'down', 'spare'])
    expect(trace.attributes.model).toBe('spare')
    expect(trace.attributes).not.toHaveProperty('degraded')
  })

  it('the best draft by weight is the answer at last, and the span says so', async () => {
    for (const stream of [true, false]) {
      const { answer, trace } = await askModel(mixtureOf(down, { aggregateFallbacks: [down] }), { body: { stream } })
      expect(answer.text).toBe('Draft B.')
      expect(trace.attributes).toMatchObject({ model: 'b', degraded: '2/2', degradedBy: 'aggregate' })
      expect(notesOf(trace)).toEqual(['worker_done', 'worker_done', 'aggregate_failed', 'aggregate_failed'])
      expect(forwardedIn(trace)).toEqual(['b'])
    }
  })

  it('the request is to blame only where all of them say so', async () => {
    const picky = createFailingModel('picky', new UpstreamError('upstream_bad_request', 'No such field.'))
    for (const [aggregate, spare] of [
      [down, picky],
      [picky, down],
    ] as const) {
      const { answer } = await askModel(mixtureOf(aggregate, { aggregateFallbacks: [spare] }))
      expect(answer.text).toBe('Draft B.')
    }
    await expect(askModel(mixtureOf(picky, { aggregateFallbacks: [picky] }))).rejects.toMatchObject({
      code: 'upstream_bad_request',
    })
  })

  it('among equals the first in the config is best, and a whole draft is better than one that was cut', async () => {
    const cut = createFakeModel('cut', {
      script: () => [{ delta: { content: 'Six' } }, { delta: {}, finish: 'length' }],
    })
    const named = (id: string): FakeModel => createSayingModel(id, `Draft ${id}.`)
    const { answer } = await askModel(mixtureOf(down, { workers: [cut, named('x'), named('y')] }))
    expect(answer.text).toBe('Draft x.')
  })

  it.each([
    new UpstreamError('upstream_bad_request', 'max_tokens is too large.'),
    new RequestError('invalid_request', 'No.'),
  ])('for a reason that the client can mend, the client hears it: %s', async (error) => {
    await expect(askModel(mixtureOf(createFailingModel('judge', error)))).rejects.toBe(error)
  })

  it('no draft stands in where the client wants a form that none has', async () => {
    const bodies: readonly Partial<ChatBody>[] = [
      { response_format: { type: 'json_object' } },
      { n: 2 },
      { logprobs: true },
    ]
    for (const body of bodies) await expect(askModel(mixtureOf(down), { body })).rejects.toThrow('It is down.')
  })

  it('because the prompt is too long, it is asked once more with shorter drafts', async () => {
    const long = ['a', 'b'].map((id) => createSayingModel(id, id.repeat(8000)))
    const tight = createFakeModel('judge', {
      script: (_, call) =>
        call === 0 ? [{ fail: new UpstreamError('context_length_exceeded', 'Too long.') }] : textSteps('42'),
    })
    const { answer } = await askModel(mixtureOf(tight, { workers: long }))
    expect(answer.text).toBe('42')
    const lengths = tight.calls.map(({ request }) => lastTextOf(request).length)
    expect(lengths[0]).toBeGreaterThan(16_000)
    expect(lengths[1]).toBeLessThan(8000)
  })

  it('an end for a reason that another try would meet again is the answer', async () => {
    const judge = createFakeModel('judge', {
      script: () => [{ delta: { role: 'assistant' } }, { delta: {}, finish: 'content_filter' }],
    })
    const { answer } = await askModel(mixtureOf(judge))
    expect([answer.text, answer.finishReason]).toEqual(['', 'content_filter'])
  })

  it('an answer that comes whole and blank is a failure too', async () => {
    const blank = async function* (): AsyncGenerator<ChatEvent> {
      await Promise.resolve()
      const message = { role: 'assistant', content: '' }
      yield {
        type: 'completion',
        completion: {
          id: 'x',
          object: 'chat.completion',
          created: 1,
          model: 'j',
          choices: [{ index: 0, message, finish_reason: 'stop' }],
        },
      }
      yield { type: 'end', usage: null }
    }
    const { answer } = await askModel(mixtureOf({ ...createSayingModel('judge', ''), chat: blank }), {
      body: { stream: false },
    })
    expect(answer.text).toBe('Draft B.')
  })
})

describe('where the aggregate fails after its first content', () => {
  it('the failure goes up, and nobody else is asked', async () => {
    const cut = new UpstreamError('upstream_stream_cut', 'Cut.')
    const judge = createFakeModel('judge', { script: () => [...textSteps('Forty').slice(0, -1), { fail: cut }] })
    const spare = createSayingModel('spare', 'Spare.')
    const { events, answer, trace } = beginAsking(mixtureOf(judge, { aggregateFallbacks: [spare] }))
    await expect(answer).rejects.toBe(cut)
    expect(spare.calls).toHaveLength(0)
    expect(chunksIn(events).some(({ choices }) => choices[0]?.finish_reason)).toBe(false)
    expect(spansOf(trace, 'aggregate')[0]?.outcome).toBe('upstream_stream_cut')
  })

  it('silence is a failure where the caller has a limit for it', async () => {
    const clock = new FakeClock()
    const judge = createFakeModel('judge', { script: () => [{ delta: { content: 'Forty' } }, { hang: true }] })
    const { answer } = beginAsking(mixtureOf(judge, { deadline: { idleMs: 700 } }), { clock })
    const ended = answer.catch((error: unknown) => error)
    await clock.advance(700)
    expect(await ended).toMatchObject({ code: 'upstream_idle_timeout' })
    expect(clock.pending).toBe(0)
  })
})
