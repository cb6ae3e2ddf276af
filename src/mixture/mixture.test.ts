import { describe, expect, it } from 'vitest'
import type { ChatModel } from '../chat/chat-model.ts'
import type { ChatBody } from '../chat/chat-request.ts'
import { createChatRequest } from '../chat/chat-request.ts'
import { ConfigError, RequestError, UpstreamError } from '../chat/errors.ts'
import { askModel, beginAsking, spansOf } from '../testing/ask-model.ts'
import { describeChatModelContract } from '../testing/chat-model-contract.ts'
import {
  createFailingModel,
  createFakeModel,
  createSayingModel,
  type FakeModel,
  textSteps,
} from '../testing/fake-model.ts'
import { createCallContext } from '../trace/call-context.ts'
import { recordCalls } from '../trace/record-calls.ts'
import type { MixtureDefinition } from './mixture-definition.ts'
import { createMixture } from './mixture.ts'
import { createRouter } from '../router/router.ts'
import { type StrategyName, strategyNames } from './strategies/strategies.ts'

const recorded = (model: ChatModel): ChatModel => recordCalls(model)
const saying = (id = 'saying'): ChatModel => recorded(createSayingModel(id, 'Six sevens are 42.'))
const failing = (): ChatModel => recorded(createFailingModel('failing', new UpstreamError('upstream_error', 'No.')))
const hanging = (): ChatModel => recorded(createFakeModel('hanging', { script: () => [{ hang: true }] }))

function mixtureOf(
  aggregate: ChatModel,
  workers: MixtureDefinition['workers'],
  strategy: StrategyName = 'synthesize',
): ChatModel {
  return createMixture({ id: 'mix', workers, aggregate, strategy })
}

for (const strategy of strategyNames) {
  describeChatModelContract(`a mixture that does ${strategy}`, {
    answering: () => mixtureOf(saying(), [saying('a'), saying('b'), failing()], strategy),
    failing: () => mixtureOf(saying(), [failing(), failing()], strategy),
    hanging: () => mixtureOf(saying(), [hanging(), hanging()], strategy),
  })
}

describeChatModelContract('a mixture whose aggregate is the matter', {
  answering: () => mixtureOf(saying(), [saying('a'), saying('b')]),
  failing: () => createMixture({ id: 'mix', workers: [], aggregate: failing() }),
  hanging: () => createMixture({ id: 'mix', workers: [], aggregate: hanging() }),
})

describeChatModelContract('a mixture in a mixture', {
  answering: () =>
    mixtureOf(mixtureOf(saying(), [saying(), saying()]), [mixtureOf(saying(), [saying(), failing()]), saying()]),
  failing: () => mixtureOf(saying(), [mixtureOf(saying(), [failing()]), mixtureOf(failing(), [])]),
  hanging: () => mixtureOf(saying(), [mixtureOf(hanging(), []), mixtureOf(saying(), [hanging()])]),
})

describe('the card of a mixture', () => {
  it('says what it is and what its members can', () => {
    const judge = createFakeModel('judge', { card: { contextWindow: 8192, tools: false }, script: () => [] })
    const eye = createFakeModel('eye', { card: { modalities: ['text', 'image'], simulated: true }, script: () => [] })
    const mixture = createMixture({ id: 'mix', description: 'Good at sums.', workers: [eye], aggregate: judge })
    expect(mixture.id).toBe('mix')
    expect(mixture.card).toEqual({
      kind: 'mixture',
      ownedBy: 'mollmr',
      depth: 1,
      description: 'Good at sums.',
      contextWindow: 8192,
      modalities: ['text', 'image'],
      strengths: [],
      tools: false,
      simulated: true,
    })
  })
})

describe('a definition that cannot be meant', () => {
  const base = { id: 'mix', workers: [saying(), saying()], aggregate: saying() }
  const wrong: readonly (readonly [Partial<MixtureDefinition>, string])[] = [
    [{ quorum: 3 }, 'mixture "mix": quorum is 3; it must be a whole number from 1 to its 2 drafts.'],
    [{ quorum: 0 }, 'quorum is 0'],
    [
      { strategy: 'synthesise' as StrategyName },
      'mixture "mix": strategy "synthesise" is not known; did you mean "synthesize"?',
    ],
    [
      { prompts: { aggregate: { text: 'Write.' } } },
      'mixture "mix": prompts.aggregate: the template does not use {{ drafts }}',
    ],
    [
      { prompts: { select: { text: '{{ drafts }}\n{{ questoin }}', origin: 'select.md' } } },
      'select.md:2: unknown slot "questoin", did you mean "question"?',
    ],
    [
      { prompts: { worker: { text: '{{ question }}{{ drafts }}' } } },
      'mixture "mix": prompts.worker:1: unknown slot "drafts"',
    ],
    [
      { workers: [{ model: saying(), template: { text: 'Hi' } }] },
      'mixture "mix": workers[0].template: the template does not use {{ question }}',
    ],
    [
      { systemPrompt: { mode: 'append', template: { text: '{{ worker.name }}' } } },
      'mixture "mix": systemPrompt:1: unknown slot "worker.name"',
    ],
  ]

  it.each(wrong)('is an error at start: %o', (changes, message) => {
    const create = (): ChatModel => createMixture({ ...base, ...changes })
    expect(create).toThrow(ConfigError)
    expect(create).toThrow(message)
  })
})

describe('the options of one request', () => {
  const mixture = mixtureOf(createSayingModel('judge', '{"draft": 1}'), [
    createSayingModel('a', 'It is 42.'),
    createSayingModel('b', 'So 42.'),
    createSayingModel('c', '41'),
  ])

  it('may name another strategy', async () => {
    const { answer, trace } = await askModel(mixture, { options: { strategy: 'vote' } })
    expect(answer.text).toBe('It is 42.')
    expect(trace.attributes['strategy']).toBe('vote')
  })

  it('may not name one that does not exist', async () => {
    const { answer } = beginAsking(mixture, { options: { strategy: 'votes' } })
    const error: unknown = await answer.catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(RequestError)
    expect(error).toMatchObject({
      message: 'mollmr.strategy "votes" is not known; did you mean "vote"?',
      param: 'mollmr.strategy',
    })
  })
})

describe('a request that is for the aggregate alone', () => {
  const worker = createSayingModel('a', 'Draft.')
  const tools = [{ type: 'function', function: { name: 'f', parameters: {} } }]
  const call = {
    role: 'assistant',
    content: null,
    tool_calls: [{ id: '1', type: 'function', function: { name: 'f', arguments: '{}' } }],
  }
  const user = { role: 'user', content: 'Do it.' }
  const cases: readonly (readonly [string, Partial<ChatBody>])[] = [
    ['offers tools', { tools, messages: [user] }],
    ['offers functions in the older form', { functions: [{ name: 'f' }], messages: [user] }],
    ['ends in a tool result', { tools, messages: [user, call, { role: 'tool', tool_call_id: '1', content: 'done' }] }],
  ]

  it.each(cases)('goes to it untouched where it %s and the mixture says tools: bypass', async (_, body) => {
    const judge = createFakeModel('judge', {
      script: () => [
        { delta: { tool_calls: [{ index: 0, id: '2', type: 'function', function: { name: 'f', arguments: '{}' } }] } },
        { delta: {}, finish: 'tool_calls' },
      ],
    })
    const request = createChatRequest({ model: 'mix', messages: [], stream: true, ...body }, { source: '{}' })
    const trace = createCallContext()
    const mixture = createMixture({ id: 'mix', workers: [worker], aggregate: judge, tools: 'bypass' })
    for await (const event of mixture.chat(request, trace)) expect(event.type).not.toBe('completion')
    expect(worker.calls).toHaveLength(0)
    expect(judge.calls[0]?.request.body).toBe(request.body)
    expect(judge.calls[0]?.request.source).toBe(request.source)
    const asked = await askModel(mixture, { body })
    expect(asked.answer.toolCalls).toHaveLength(1)
    expect(asked.trace.attributes).toMatchObject({ mode: 'bypass', bypassReason: 'tools', model: 'judge' })
    expect(asked.trace.attributes).not.toHaveProperty('drafts')
  })

  it('is every request where there are no workers, with what the config adds and its fallbacks', async () => {
    const judge = createSayingModel('judge', 'Alone.')
    const mixture = createMixture({
      id: 'mix',
      workers: [],
      aggregate: {
        model: createFailingModel('down', new UpstreamError('upstream_error', 'No.')),
        params: { top_k: 5 },
        systemPrompt: { mode: 'append', template: { text: 'Be brief.' } },
      },
      aggregateFallbacks: [judge],
    })
    const { answer, trace } = await askModel(mixture)
    expect(answer.text).toBe('Alone.')
    expect(answer.end.total).toBeDefined()
    expect(trace.attributes).toMatchObject({ mode: 'bypass', bypassReason: 'no_workers', model: 'judge' })
    expect(judge.calls[0]?.request.body).toMatchObject({
      top_k: 5,
      messages: [{ role: 'system', content: 'Be brief.' }, { role: 'user' }],
    })
  })

  it('is never sent as the bytes that came where the config adds something', async () => {
    const judge = createSayingModel('judge', 'Alone.')
    const mixture = createMixture({ id: 'mix', workers: [], aggregate: { model: judge, params: { top_k: 5 } } })
    const request = createChatRequest({ model: 'mix', messages: [user], stream: true }, { source: '{}' })
    for await (const event of mixture.chat(request, createCallContext())) expect(event.type).not.toBe('completion')
    expect(judge.calls[0]?.request).not.toHaveProperty('source')
    expect(judge.calls[0]?.request.body).toEqual({ ...request.body, top_k: 5 })
  })

  it('is not one that offers no tools, nor one that forbids them, also behind a tool result', async () => {
    const messages = [user, call, { role: 'tool', tool_call_id: '1', content: 'done' }]
    for (const body of [{ messages }, { messages, tools, tool_choice: 'none' }]) {
      const judge = createSayingModel('judge', 'Answer.')
      const { answer, trace } = await askModel(mixtureOf(judge, [worker, worker]), { body })
      expect([answer.text, trace.attributes['drafts']]).toEqual(['Answer.', 2])
      expect(judge.calls[0]?.request.body).toMatchObject(body.tools ? { tools, tool_choice: 'none' } : {})
    }
  })
})

describe('logprobs', () => {
  const workers = ['a', 'b'].map((id) => createSayingModel(id, '42'))

  it.each(['select', 'vote'] as const)('cannot be had of %s, and nobody is asked', async (strategy) => {
    const { answer } = beginAsking(mixtureOf(createSayingModel('judge', 'x'), workers, strategy), {
      body: { logprobs: true },
    })
    await expect(answer).rejects.toMatchObject({ code: 'unsupported_parameter', param: 'logprobs' })
    expect(workers.flatMap(({ calls }) => calls)).toEqual([])
  })

  it('are those of the aggregate where it writes the answer', async () => {
    const judge = createFakeModel('judge', {
      script: () => [
        { delta: { content: '42' }, logprobs: { content: [{ token: '42', logprob: -0.1 }] } },
        { delta: {}, finish: 'stop' },
      ],
    })
    const { answer } = await askModel(mixtureOf(judge, workers), { body: { logprobs: true } })
    expect(answer.completion.choices[0]).toMatchObject({ logprobs: { content: [{ token: '42' }] } })
  })
})

describe('pictures', () => {
  const seeing = (id: string): FakeModel =>
    createFakeModel(id, { card: { modalities: ['text', 'image'] }, script: () => textSteps(`I am ${id} and see it.`) })
  const asked = { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'x' } }] }] }

  it('go to the workers that see them, and the others are left out', async () => {
    const [blind, eye, other] = [createSayingModel('blind', 'Draft.'), seeing('eye'), seeing('other')]
    const mixture = mixtureOf(seeing('judge'), [blind, eye, other])
    const { trace } = await askModel(mixture, { body: asked })
    expect([blind, eye, other].map(({ calls }) => calls.length)).toEqual([0, 1, 1])
    expect(trace.attributes).toMatchObject({ drafts: 2, quorum: 2 })
    expect(trace.attributes).not.toHaveProperty('degraded')
    await askModel(mixture)
    expect(blind.calls).toHaveLength(1)
  })

  it('are told to those that do not where the mixture says modality: describe', async () => {
    const blind = createSayingModel('blind', 'Draft.')
    const definition = { id: 'mix', workers: [blind, seeing('eye')], aggregate: seeing('judge') }
    await askModel(createMixture({ ...definition, modality: 'describe' }), { body: asked })
    expect(blind.calls[0]?.request.body.messages[0]?.content).toMatch(/holds an image that you cannot open/)
  })

  it('go to the aggregate alone where it is the only one that sees them', async () => {
    const [blind, judge] = [createSayingModel('blind', 'Draft.'), seeing('judge')]
    const { trace } = await askModel(mixtureOf(judge, [blind]), { body: asked })
    expect([blind.calls.length, judge.calls[0]?.request.body.messages]).toEqual([0, asked.messages])
    expect(trace.attributes).toMatchObject({ mode: 'bypass' })
  })

  it('are told to the aggregate where it does not see them but a worker does', async () => {
    const judge = createSayingModel('judge', 'It is a cat.')
    await askModel(mixtureOf(judge, [seeing('eye'), seeing('other')]), { body: asked })
    expect(JSON.stringify(judge.calls[0]?.request.body.messages)).toContain('holds an image that you cannot open')
  })

  it('that no member can see are an error of the request, before anybody is asked', async () => {
    const worker = createSayingModel('a', 'Draft.')
    const messages = [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'x' } }] }]
    const { answer } = beginAsking(mixtureOf(createSayingModel('judge', 'x'), [worker]), { body: { messages } })
    await expect(answer).rejects.toMatchObject({ code: 'unsupported_modality', param: 'messages[0].content[0]' })
    expect(worker.calls).toHaveLength(0)
  })
})

describe('a mixture in a mixture', () => {
  it('is no deeper than three, as a worker, an aggregate or behind a router', () => {
    const over = (id: string, member: ChatModel): ChatModel =>
      createMixture({ id, workers: [member], aggregate: saying('judge') })
    const [one, two] = ['m1', 'm2'].map((id) => over(id, saying('a')))
    const three = over('m3', over('m2', over('m1', saying('a'))))
    expect([one?.card.depth, three.card.depth, two?.card.kind]).toEqual([1, 3, 'mixture'])
    const router = createRouter({ candidates: [{ model: over('n2', over('n1', saying('a'))) }] })
    expect(router.card.depth).toBe(3)
    expect(() => over('m4', three)).toThrow('mixture "m4" is nested 4 deep, more than 3: so deep is "m3" already.')
    expect(() => createMixture({ id: 'x', workers: [saying('a')], aggregate: router })).toThrow(ConfigError)
    const fallbacks = { id: 'x', workers: [], aggregate: saying('a'), aggregateFallbacks: [three] }
    expect(() => createMixture(fallbacks)).toThrow('nested 4 deep')
  })

  it('leaves its own words on its own span', async () => {
    const inner = createMixture({
      id: 'inner',
      workers: [saying('a'), failing()],
      aggregate: saying('inner-judge'),
      quorum: 1,
    })
    const { trace } = await askModel(mixtureOf(saying('judge'), [inner, saying('b')]))
    const worker = spansOf(trace, 'worker').find(({ name }) => name === 'inner')
    expect(worker?.attributes).toMatchObject({ strategy: 'synthesize', model: 'a', degraded: '1/2' })
    expect(trace.attributes).toMatchObject({ model: 'judge', drafts: 2 })
    expect(trace.attributes).not.toHaveProperty('degraded')
    expect(trace.ledger()).toHaveLength(4)
  })

  it('has all its calls in the sum', async () => {
    const inner = mixtureOf(saying(), [saying(), saying()])
    const { answer } = await askModel(mixtureOf(saying(), [inner, inner]))
    expect(answer.end.total?.calls).toBe(7)
  })
})

describe('the spans of a mixture', () => {
  it('are all ended when the answer is', async () => {
    const { trace } = await askModel(mixtureOf(saying('judge'), [saying('a'), saying('b')]))
    expect(trace.spans().map(({ stage, name, outcome }) => [stage, name, outcome])).toEqual([
      ['request', 'asked', null],
      ['worker', 'a', 'ok'],
      ['worker', 'b', 'ok'],
      ['aggregate', 'judge', 'ok'],
    ])
  })
})
