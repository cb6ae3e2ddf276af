import { Ajv } from 'ajv'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ChatEvent } from '../../chat/chat-event.ts'
import type { ChatModel } from '../../chat/chat-model.ts'
import type { ChatBody } from '../../chat/chat-request.ts'
import { CancelledError, UpstreamError } from '../../chat/errors.ts'
import { createMixture } from '../../mixture/mixture.ts'
import { createRouter } from '../../router/router.ts'
import { askModel, beginAsking } from '../../testing/ask-model.ts'
import { describeChatModelContract } from '../../testing/chat-model-contract.ts'
import { FakeClock } from '../../testing/fake-clock.ts'
import { recordCalls } from '../../trace/record-calls.ts'
import { createSimulatedModel } from './simulated-model.ts'
import { wordPieces } from './word-pieces.ts'

const recorded = (knobs: object): ChatModel => recordCalls(createSimulatedModel({ id: 'sim', ...knobs }))

describeChatModelContract('a simulated model', {
  answering: () => recorded({}),
  failing: () => recorded({ failureRate: 1 }),
  hanging: () => recorded({ firstTokenMs: 3_600_000 }),
})

const saying = (content: string): Partial<ChatBody> => ({ messages: [{ role: 'user', content }] })

async function textOf(id: string, body: Partial<ChatBody>, options = {}): Promise<string> {
  return (await askModel(createSimulatedModel({ id, ...options }), { body })).answer.text
}

function completionTokens(events: readonly ChatEvent[]): number | undefined {
  const last = events.at(-1)
  return last?.type === 'end' ? last.usage?.completion_tokens : undefined
}

describe('a simulated model', () => {
  it('labels every text', async () => {
    for (const question of ['Hello', 'Tell me a joke.', 'What is 2 + 2?', 'How do tides work?', '']) {
      expect(await textOf('sim', saying(question))).toMatch(/^\(simulated\) \S/)
    }
    expect(createSimulatedModel({ id: 'sim' }).card.simulated).toBe(true)
  })

  it('says the same to the same request, streamed or not', async () => {
    const streamed = await textOf('sim', { ...saying('How do tides work?'), stream: true })
    expect(await textOf('sim', { ...saying('How do tides work?'), stream: true })).toBe(streamed)
    expect(await textOf('sim', { ...saying('How do tides work?'), stream: false })).toBe(streamed)
  })

  it('is someone else with another name or another seed', async () => {
    const question = saying('How do tides work?')
    const texts = await Promise.all([
      textOf('sim', question),
      textOf('other', question),
      textOf('sim', question, { seed: 2 }),
      textOf('sim', { ...question, seed: 7 }),
    ])
    expect(new Set(texts).size).toBe(4)
  })

  it('answers as many closed questions right as its accuracy says', async () => {
    const questions = Array.from({ length: 200 }, (_, at) => saying(`What is ${at} + 13?`))
    const rightOf = async (accuracy: number): Promise<number> => {
      const texts = await Promise.all(questions.map((question) => textOf('sim', question, { accuracy })))
      return texts.filter((text, at) => new RegExp(`\\b${at + 13}\\b`).test(text)).length
    }
    expect(await rightOf(1)).toBe(200)
    expect(await rightOf(0)).toBe(0)
    expect(await rightOf(0.5)).toBeGreaterThan(80)
    expect(await rightOf(0.5)).toBeLessThan(120)
  })

  it('fails as often as it is told, always at the same requests', async () => {
    const failures = async (failureRate: number): Promise<number> => {
      const model = createSimulatedModel({ id: 'sim', failureRate })
      const outcomes = await Promise.allSettled(
        Array.from({ length: 200 }, (_, at) => askModel(model, { body: saying(`Question ${at}`) })),
      )
      return outcomes.filter(({ status }) => status === 'rejected').length
    }
    expect(await failures(0)).toBe(0)
    expect(await failures(1)).toBe(200)
    const some = await failures(0.3)
    expect(some).toBeGreaterThan(40)
    expect(some).toBeLessThan(80)
    expect(await failures(0.3)).toBe(some)
  })

  it('says why it fails', async () => {
    const failing = askModel(createSimulatedModel({ id: 'sim', failureRate: 1 }))
    await expect(failing).rejects.toBeInstanceOf(UpstreamError)
    await expect(failing).rejects.toThrow('The simulated model "sim" fails on purpose: its failure_rate is 1.')
  })
})

describe('the pace of a simulated model', () => {
  const options = { id: 'sim', firstTokenMs: 200, tokensPerSecond: 10 }

  it('thinks first, then speaks token by token', async () => {
    const clock = new FakeClock()
    const asked = beginAsking(createSimulatedModel(options), { clock, body: saying('Hello') })
    await clock.advance(199)
    expect(asked.events).toEqual([])
    await clock.advance(1)
    const texts = (): readonly unknown[] =>
      asked.events.flatMap((event) => (event.type === 'chunk' ? [event.chunk.choices[0]?.delta.content] : []))
    expect(texts()).toEqual(['', '('])
    await clock.advance(100)
    expect(texts()).toEqual(['', '(', 'simula'])
    await clock.advance(60_000)
    expect((await asked.answer).text).toMatch(/^\(simulated\) /)
    expect(clock.pending).toBe(0)
  })

  it('takes as long for a whole answer as for a streamed one', async () => {
    const clock = new FakeClock()
    const asked = beginAsking(createSimulatedModel(options), { clock, body: { ...saying('Hello'), stream: false } })
    const tokens = wordPieces(await textOf('sim', saying('Hello'))).length
    await clock.advance(200 + 100 * (tokens - 1) - 1)
    expect(asked.events).toEqual([])
    await clock.advance(1)
    await asked.answer
    expect(completionTokens(asked.events)).toBe(tokens)
    expect(clock.pending).toBe(0)
  })

  it('ends its wait when the call is aborted', async () => {
    const clock = new FakeClock()
    const controller = new AbortController()
    const { answer } = beginAsking(createSimulatedModel(options), { clock, signal: controller.signal })
    const ended = expect(answer).rejects.toBeInstanceOf(CancelledError)
    await clock.advance(250)
    controller.abort(new CancelledError())
    await ended
    expect(clock.pending).toBe(0)
  })
})

describe('what a simulated model is asked for', () => {
  it('keeps to max_tokens, and takes -1 for no limit', async () => {
    const cut = await askModel(createSimulatedModel({ id: 'sim' }), { body: { ...saying('Hi'), max_tokens: 3 } })
    expect(cut.answer.finishReason).toBe('length')
    expect(completionTokens(cut.events)).toBe(3)
    const whole = await askModel(createSimulatedModel({ id: 'sim' }), { body: { ...saying('Hi'), max_tokens: -1 } })
    expect(whole.answer.finishReason).toBe('stop')
  })

  it('ends before a stop text', async () => {
    const text = await textOf('sim', { ...saying('What is 6 times 7?'), stop: ['42'] })
    expect(text).toMatch(/^\(simulated\) /)
    expect(text).not.toContain('42')
  })

  it('gives n choices', async () => {
    const body = { ...saying('Tell me a joke.'), n: 3, stream: false }
    const { events } = await askModel(createSimulatedModel({ id: 'sim' }), { body })
    const completion = events.find((event) => event.type === 'completion')
    expect(completion?.completion.choices.map(({ index }) => index)).toEqual([0, 1, 2])
  })

  it('counts tokens, and tells them in a stream only where it is asked to', async () => {
    const usageChunks = async (options: Partial<ChatBody>): Promise<number> => {
      const { events } = await askModel(createSimulatedModel({ id: 'sim' }), { body: { ...saying('Hi'), ...options } })
      return events.filter((event) => event.type === 'chunk' && event.chunk.usage).length
    }
    expect(await usageChunks({})).toBe(0)
    expect(await usageChunks({ stream_options: { include_usage: true } })).toBe(1)
  })

  const weather = {
    type: 'function',
    function: {
      name: 'get_weather',
      description: 'The weather at a place',
      parameters: { type: 'object', properties: { place: { type: 'string' } }, required: ['place'] },
    },
  }

  it.each([true, false])('calls the tool that it must call (streamed: %s)', async (stream) => {
    const body = { ...saying('Weather in Ulm?'), stream, tools: [weather], tool_choice: 'required' as const }
    const events = createSimulatedModel({ id: 'sim' })
    const { answer } = await askModel(events, { body })
    expect(answer.finishReason).toBe('tool_calls')
    expect(answer.toolCalls).toHaveLength(1)
    expect(answer.toolCalls[0]?.function?.name).toBe('get_weather')
    expect(JSON.parse(answer.toolCalls[0]?.function?.arguments ?? '')).toHaveProperty('place')
  })

  it.each(['Weather in Ulm? Call the tool.', 'Use get_weather for Ulm.'])(
    'calls the tool that is asked for, and answers once it has its result: %s',
    async (question) => {
      const asked = { ...saying(question), tools: [weather] }
      const { answer } = await askModel(createSimulatedModel({ id: 'sim' }), { body: asked })
      expect(answer.toolCalls.map((call) => call.function?.name)).toEqual(['get_weather'])
      const messages = [...(asked.messages ?? []), { role: 'tool', tool_call_id: 'call_1', content: 'Sun' }]
      const after = await askModel(createSimulatedModel({ id: 'sim' }), { body: { ...asked, messages } })
      expect([after.answer.toolCalls, after.answer.finishReason]).toEqual([[], 'stop'])
    },
  )

  it('answers with text where it may', async () => {
    const { answer } = await askModel(createSimulatedModel({ id: 'sim' }), {
      body: { ...saying('Weather in Ulm?'), tools: [weather] },
    })
    expect(answer.toolCalls).toEqual([])
    expect(answer.text).toMatch(/^\(simulated\) /)
  })

  it('writes JSON where JSON is asked for', async () => {
    const text = await textOf('sim', { ...saying('Hi'), response_format: { type: 'json_object' } })
    expect(JSON.parse(text)).toMatchObject({ simulated: true })
  })

  it('writes JSON that any schema of the usual words accepts', async () => {
    const ajv = new Ajv({ strict: false, validateFormats: false })
    await fc.assert(
      fc.asyncProperty(schemas, async (schema) => {
        const format = { type: 'json_schema', json_schema: { name: 'it', schema } }
        const text = await textOf('sim', { ...saying('What is 6 times 7?'), response_format: format })
        expect(ajv.validate(schema, JSON.parse(text))).toBe(true)
      }),
      { numRuns: 300 },
    )
  })
})

const { schema: schemas } = fc.letrec<{ schema: object }>((tie) => ({
  schema: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom({ type: 'boolean' }, { type: 'null' }, { type: 'string' }, { type: 'number' }, { type: 'integer' }),
    fc.record({ enum: fc.uniqueArray(fc.string(), { minLength: 1, maxLength: 5 }) }),
    fc.record({ type: fc.constant('string'), minLength: fc.nat(20), maxLength: fc.integer({ min: 20, max: 60 }) }),
    fc.record({ type: fc.constant('integer'), minimum: fc.integer({ min: -50, max: 0 }), maximum: fc.nat(50) }),
    fc.record({
      type: fc.constant('array'),
      items: tie('schema'),
      minItems: fc.nat(2),
      maxItems: fc.integer({ min: 2, max: 4 }),
    }),
    fc.record({ anyOf: fc.array(tie('schema'), { minLength: 1, maxLength: 3 }) }),
    fc.dictionary(fc.stringMatching(/^[a-z]{1,6}$/), tie('schema'), { minKeys: 1, maxKeys: 4 }).map((properties) => ({
      type: 'object',
      properties,
      required: Object.keys(properties),
      additionalProperties: false,
    })),
  ),
}))

describe('simulated models together', () => {
  const workers = ['one', 'two', 'three'].map((id, seed) => createSimulatedModel({ id, seed }))
  const aggregate = createSimulatedModel({ id: 'editor', seed: 9 })

  it('merge drafts into one labelled text without repeating themselves', async () => {
    const mixture = createMixture({ id: 'all', description: 'All.', workers, aggregate })
    const { answer } = await askModel(mixture, { body: saying('How do tides work?') })
    expect(answer.text.match(/\(simulated\)/g)).toHaveLength(1)
    const drafts = await Promise.all(workers.map(({ id }, seed) => textOf(id, saying('How do tides work?'), { seed })))
    const told = answer.text.replace('(simulated) ', '').split(/(?<=[.!?:])\s+/)
    expect(told.every((sentence) => drafts.some((draft) => draft.includes(sentence)))).toBe(true)
  })

  it('vote for the right number where most are right', async () => {
    const [first, second] = workers
    const wrong = createSimulatedModel({ id: 'wrong', accuracy: 0 })
    const voters = [first, second, wrong].filter((model) => model !== undefined)
    const mixture = createMixture({ id: 'vote', description: 'Votes.', workers: voters, aggregate, strategy: 'vote' })
    const { answer } = await askModel(mixture, { body: saying('What is 12 * 12?') })
    expect(answer.text).toContain('144')
  })

  it('choose a route by its description', async () => {
    const mixtures = [
      createMixture({ id: 'poems', description: 'Poems, songs and rhymes.', workers, aggregate }),
      createMixture({ id: 'maths', description: 'Maths, numbers, calculations.', workers, aggregate }),
    ]
    const candidates = mixtures.map((model) => ({ model, offered: true }))
    const router = createRouter({ candidates, model: createSimulatedModel({ id: 'chooser' }) })
    const routeOf = async (question: string): Promise<unknown> => {
      const { trace } = await askModel(router, { body: saying(question) })
      return trace.attributes.route
    }
    expect(await routeOf('Write a poem about songs')).toBe('poems')
    expect(await routeOf('What is 17 * 23?')).toBe('maths')
  })
})
