/** What a router does while models rest after failures: it passes them over where it chooses, and never where it must not. */
import { describe, expect, it } from 'vitest'
import type { ChatModel, ModelCard } from '../chat/chat-model.ts'
import { type ChatBody, type ChatMessage, createChatRequest } from '../chat/chat-request.ts'
import { collectAnswer } from '../chat/collect-answer.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { createFakeModel, textSteps } from '../testing/fake-model.ts'
import { createCallContext } from '../trace/call-context.ts'
import { createTrace } from '../trace/trace.ts'
import type { Plan } from './plan.ts'
import { createRouter } from './router.ts'
import type { RouterDefinition } from './router-definition.ts'

/** The ids that rest now. */
const resting = new Set<string>()

function modelOf(id: string, card: Partial<ModelCard> = {}): ChatModel {
  const model = createFakeModel(id, { card, script: () => textSteps(`I am ${id}.`) })
  return { ...model, isResting: () => resting.has(id) }
}

const generic = { model: modelOf('generic', { kind: 'mixture' }), description: 'Everything.' }
const coder = {
  model: modelOf('coder', { kind: 'mixture' }),
  description: 'Programming: writes and debugs Python code.',
}
const maths = { model: modelOf('maths', { kind: 'mixture' }), description: 'Mathematics: algebra and proofs.' }
const candidates = [generic, coder, maths]

const user = (content: string): ChatMessage => ({ role: 'user', content })

/** Asks while `ids` rest; what the trace says of the route. */
async function ask(router: ChatModel, ids: readonly string[], body: Partial<ChatBody> = {}): Promise<string> {
  resting.clear()
  for (const id of ids) resting.add(id)
  const clock = new FakeClock()
  const trace = createTrace('request', clock)
  const request = createChatRequest({ model: 'router', messages: [user('Good morning')], ...body })
  const foreseen = router.explain?.(request, { clock, addedTokens: 0 })
  await collectAnswer(router.chat(request, createCallContext({ trace, clock })))
  const { route, routeSource } = trace.attributes
  if (foreseen?.kind === 'router' && foreseen.wouldAsk === null) expect(foreseen.route.id).toBe(route)
  return `${routeSource ?? '?'}: ${route ?? '?'}`
}

const route = (definition: Partial<RouterDefinition>, ids: readonly string[], body?: Partial<ChatBody>) =>
  ask(createRouter({ candidates, ...definition }), ids, body)

describe('where nobody chooses', () => {
  it('the default serves, unless it rests: then the first candidate that does not', async () => {
    expect(await route({ default: 'generic' }, [])).toBe('default: generic')
    expect(await route({ default: 'generic' }, ['generic'])).toBe('first: coder')
    expect(await route({ default: 'generic' }, ['generic', 'coder'])).toBe('single: maths')
  })

  it('the first candidate that does not rest serves where there is no default', async () => {
    expect(await route({}, [])).toBe('first: generic')
    expect(await route({}, ['generic'])).toBe('first: coder')
  })

  it('all is as ever where all rest', async () => {
    expect(await route({ default: 'maths' }, ['generic', 'coder', 'maths'])).toBe('default: maths')
    expect(await route({}, ['generic', 'coder', 'maths'])).toBe('first: generic')
  })

  it('a router with a default alone finds another that can serve the request', async () => {
    const hidden = [
      { model: modelOf('a'), offered: false },
      { model: modelOf('blind'), offered: false },
      { model: modelOf('b', { modalities: ['text', 'image'] }), offered: false },
    ]
    const image = { type: 'image_url', image_url: { url: 'https://example.org/a.png' } }
    const messages = [{ role: 'user', content: [image] }]
    expect(await route({ candidates: hidden, default: 'a' }, ['a'])).toBe('first: blind')
    expect(await route({ candidates: hidden, default: 'a' }, ['a'], { messages })).toBe('first: b')
  })
})

describe('where there is a choice', () => {
  it('a candidate that rests is none', async () => {
    const code = { messages: [user('Debug this Python code')] }
    expect(await route({ default: 'generic' }, [], code)).toBe('scorer: coder')
    expect(await route({ default: 'generic' }, ['coder'], code)).toBe('default: generic')
  })

  it('the base model is not offered one that rests, and its choice is not kept for when all are well', async () => {
    const asked: string[] = []
    const model = createFakeModel('phi', {
      script: ({ body }) => {
        asked.push(JSON.stringify(body.response_format))
        return textSteps('{"choice": "maths"}')
      },
    })
    const router = createRouter({ candidates, model, default: 'generic' })
    const messages = { messages: [user('What is the best way?')] }
    expect(await ask(router, ['coder'], messages)).toBe('model: maths')
    expect(await ask(router, [], { ...messages, prompt_cache_key: 'another conversation' })).toBe('model: maths')
    expect(asked[0]).toContain('["generic","maths","none"]')
    expect(asked[1]).toContain('["generic","coder","maths","none"]')
  })

  it('a plan is made of those that do not rest', async () => {
    const built: Plan[] = []
    const pool = [modelOf('big', { quality: 0.9 }), modelOf('small', { quality: 0.8 })]
    const buildPlan = (plan: Plan): ChatModel => {
      built.push(plan)
      return modelOf(plan.name)
    }
    const definition = { candidates: [], compose: { pool, minWorkers: 1, maxWorkers: 1, buildPlan } }
    expect(await route(definition, [])).toBe('compose: big')
    expect(await route(definition, ['big'])).toBe('compose: small')
    expect(built).toEqual([])
  })

  it('a side request goes to the base model while the side model rests', async () => {
    const title = { messages: [user('Hi')], metadata: { task: 'title' } }
    const definition = { sideModel: modelOf('tiny'), model: modelOf('phi') }
    expect(await route(definition, [], title)).toBe('side: tiny')
    expect(await route(definition, ['tiny'], title)).toBe('side: phi')
    expect(await route(definition, ['tiny', 'phi'], title)).toBe('side: tiny')
  })
})

describe('where there is none', () => {
  it('who is named by a rule is asked, well or not', async () => {
    expect(await route({ rules: [{ when: {}, use: 'coder' }] }, ['coder'])).toBe('rule: coder')
  })
})

describe('a conversation', () => {
  const call: ChatMessage = {
    role: 'assistant',
    content: null,
    tool_calls: [{ id: 'c1', type: 'function', function: { name: 'read', arguments: '{}' } }],
  }
  const result: ChatMessage = { role: 'tool', tool_call_id: 'c1', content: 'text' }

  it('leaves a route that rests, also within a turn', async () => {
    const router = createRouter({ candidates, default: 'generic' })
    expect(await ask(router, [])).toBe('default: generic')
    expect(await ask(router, [])).toBe('pin: generic')
    expect(await ask(router, ['generic'])).toBe('first: coder')
    expect(await ask(router, [])).toBe('pin: coder')
  })

  it('does not leave it while a tool call is pending', async () => {
    const router = createRouter({ candidates, default: 'generic' })
    await ask(router, [])
    const messages = [user('Good morning'), call, result]
    expect(await ask(router, ['generic', 'coder'], { messages })).toBe('pin: generic')
  })
})
