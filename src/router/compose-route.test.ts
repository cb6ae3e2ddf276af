import { describe, expect, it } from 'vitest'
import type { ChatModel, ModelCard } from '../chat/chat-model.ts'
import { type ChatBody, type ChatRequest, createChatRequest } from '../chat/chat-request.ts'
import { collectAnswer } from '../chat/collect-answer.ts'
import { ConfigError, UpstreamError } from '../chat/errors.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { createFailingModel, createFakeModel, type FakeModel, textSteps } from '../testing/fake-model.ts'
import { createCallContext } from '../trace/call-context.ts'
import { createTrace } from '../trace/trace.ts'
import type { Plan } from './plan.ts'
import { createRouter } from './router.ts'
import type { ComposeDefinition, RouterDefinition } from './router-definition.ts'

const saying = (id: string, card: Partial<ModelCard> = {}): ChatModel =>
  createFakeModel(id, { card, script: () => textSteps(`I am ${id}.`) })
const big = saying('big', { quality: 0.9 })
const small = saying('small', { quality: 0.8 })
const candidates = [
  { model: saying('generic'), description: 'Small talk.' },
  { model: saying('coder'), description: 'Programming.' },
]
const proposal = { workers: ['big', 'small'], count: 2, aggregate: 'big', strategy: 'vote', reason: 'hard' }

/** A base model that chooses `choice` and, asked for a plan, proposes `plan`. */
function thinking(choice: string, plan: object = proposal): FakeModel {
  return createFakeModel('phi', {
    script: ({ body }) =>
      textSteps(JSON.stringify(body.response_format?.json_schema?.name === 'plan' ? plan : { choice, reason: '' })),
  })
}

/** `compose` with mixtures that say which plan they were built from. */
function composing(change: Partial<ComposeDefinition> = {}) {
  const built: Plan[] = []
  const buildPlan = (plan: Plan): ChatModel => {
    built.push(plan)
    return saying(plan.name)
  }
  return { built, compose: { pool: [big, small], minWorkers: 1, maxWorkers: 3, buildPlan, ...change } }
}

const hard = 'Compare three ways to schedule trains on a single track, with all their trade-offs.'
const ask = (extras: Partial<ChatRequest> = {}, body: Partial<ChatBody> = {}): ChatRequest =>
  createChatRequest({ model: 'router', messages: [{ role: 'user', content: hard }], ...body }, extras)

async function run(router: ChatModel, request: ChatRequest) {
  const trace = createTrace('request', new FakeClock())
  const answer = await collectAnswer(router.chat(request, createCallContext({ trace })))
  const { route, routeSource } = trace.attributes
  return { text: answer.text, route, source: routeSource, trace }
}

const routed = (definition: Partial<RouterDefinition>, request = ask()) =>
  run(createRouter({ candidates, ...definition }), request)

describe('a plan is composed', () => {
  it('where the base model chooses "compose" among the options', async () => {
    const { compose, built } = composing()
    const model = thinking('compose')
    const { text, route, source } = await routed({ compose, model })
    expect([text, route, source]).toEqual(['I am plan:big+small>big.', 'plan:big+small>big', 'compose'])
    expect(built).toMatchObject([
      { workers: [big, small], aggregate: big, strategy: 'vote', reason: 'hard', samples: 1 },
    ])
    expect(model.calls[0]?.request.body.messages[0]?.content).toContain('- compose: Put together several models')
  })

  it('where a rule says so', async () => {
    const { compose } = composing()
    const rules = [{ when: { minLength: 50 }, use: 'compose' }]
    expect(await routed({ compose, rules, model: thinking('coder') })).toMatchObject({ source: 'compose' })
  })

  it('where the request says so', async () => {
    const { compose } = composing()
    const request = ask({ options: { mixture: 'compose' } })
    expect(await routed({ compose, model: thinking('coder') }, request)).toMatchObject({ route: 'plan:big+small>big' })
  })

  it('where there is no candidate', async () => {
    const { compose } = composing()
    expect(await run(createRouter({ candidates: [], compose, model: thinking('x') }), ask())).toMatchObject({
      route: 'plan:big+small>big',
      source: 'compose',
    })
  })

  it('and not where another option is chosen', async () => {
    const { compose, built } = composing()
    expect(await routed({ compose, model: thinking('coder') })).toMatchObject({ route: 'coder', source: 'model' })
    expect(built).toHaveLength(0)
  })

  it('and not where it was never configured', async () => {
    const running = routed({}, ask({ options: { mixture: 'compose' } }))
    await expect(running).rejects.toThrow('knows no mixture or model "compose"')
  })
})

describe('a composed route', () => {
  it('is a single model where one is enough', async () => {
    const { compose, built } = composing()
    const model = thinking('compose', { workers: ['small'], count: 1 })
    expect(await routed({ compose, model })).toMatchObject({ text: 'I am small.', route: 'small', source: 'compose' })
    expect(built).toHaveLength(0)
  })

  it('is one choice among two where there is a single candidate', async () => {
    const { compose } = composing()
    expect(await routed({ candidates: candidates.slice(0, 1), compose, model: thinking('compose') })).toMatchObject({
      source: 'compose',
    })
    expect(await routed({ candidates: candidates.slice(0, 1), compose, model: thinking('generic') })).toMatchObject({
      route: 'generic',
      source: 'model',
    })
  })

  it('is kept for the conversation and remembered for the question', async () => {
    const { compose, built } = composing()
    const model = thinking('compose')
    const router = createRouter({ candidates, compose, model })
    const session = (id: string) => ask({ caller: { headers: { 'session-id': id } } })
    const sources = [
      await run(router, session('a')),
      await run(router, session('a')),
      await run(router, session('b')),
    ].map(({ route, source }) => [route, source])
    expect(sources).toEqual([
      ['plan:big+small>big', 'compose'],
      ['plan:big+small>big', 'pin'],
      ['plan:big+small>big', 'cache'],
    ])
    expect([model.calls.length, built.length]).toEqual([2, 1])
  })

  it('is built once for every question that leads to the same plan', async () => {
    const { compose, built } = composing()
    const router = createRouter({ candidates: [], compose, model: thinking('x') })
    await run(router, ask())
    await run(router, ask({}, { messages: [{ role: 'user', content: `${hard} And buses?` }] }))
    expect(built).toHaveLength(1)
  })

  it('does not stay for a request of the same conversation that is not composed', async () => {
    const { compose } = composing()
    const router = createRouter({ candidates, compose, model: thinking('coder') })
    await run(router, ask({ options: { mixture: 'compose' } }))
    expect(await run(router, ask())).toMatchObject({ route: 'coder', source: 'model' })
  })

  it('is not reused from the cache once tools may be called', async () => {
    const { compose } = composing()
    const router = createRouter({ candidates: [], compose, model: thinking('x') })
    await run(router, ask())
    const tools = [{ type: 'function', function: { name: 'read' } }]
    expect(await run(router, ask({}, { tools }))).toMatchObject({ route: 'big', source: 'compose' })
  })

  it('falls back to the cards of the pool where the base model fails', async () => {
    const { compose } = composing({ minWorkers: 2 })
    const model = createFailingModel('phi', new UpstreamError('upstream_unreachable', 'down'))
    expect(await run(createRouter({ candidates: [], compose, model }), ask())).toMatchObject({
      route: 'plan:big+small>big',
    })
    expect(await run(createRouter({ candidates: [], compose }), ask())).toMatchObject({ route: 'plan:big+small>big' })
  })

  it('is the aggregate alone where the mixture cannot be built', async () => {
    const { compose } = composing({
      buildPlan: () => {
        throw new ConfigError('too many workers')
      },
    })
    const { route, trace } = await routed({ compose, model: thinking('compose') })
    expect(route).toBe('big')
    expect(trace.spans().flatMap(({ notes }) => notes)).toContainEqual(
      expect.objectContaining({ event: 'plan_failed', attributes: { code: 'config_invalid' } }),
    )
  })

  it('is explained by a span of its own', async () => {
    const { compose } = composing()
    const { trace } = await routed({ compose, model: thinking('compose') })
    const spans = trace.spans().filter(({ stage }) => stage === 'route')
    expect(spans.map(({ name, outcome }) => [name, outcome])).toEqual([
      ['router', 'ok'],
      ['compose', 'ok'],
    ])
    expect(spans[0]?.attributes).toMatchObject({ route: 'plan:big+small>big', routeSource: 'compose' })
    expect(spans[1]?.attributes).toMatchObject({
      plan: 'plan:big+small>big',
      strategy: 'vote',
      reason: 'hard',
      reply: JSON.stringify(proposal),
    })
  })
})
