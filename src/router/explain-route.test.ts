import { describe, expect, it } from 'vitest'
import { type ChatRequest, createChatRequest } from '../chat/chat-request.ts'
import { collectAnswer } from '../chat/collect-answer.ts'
import type { RouterExplanation } from '../chat/explanation.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { createSayingModel, type FakeModel } from '../testing/fake-model.ts'
import { createCallContext } from '../trace/call-context.ts'
import type { Plan } from './plan.ts'
import { createRouter } from './router.ts'
import type { RouterDefinition } from './router-definition.ts'

const coder = createSayingModel('coder', 'I am the coder.')
const generic = createSayingModel('generic', 'I am generic.')
const phi = createSayingModel('phi', '{"choice": "coder", "reason": "so"}')
const candidates = [
  { model: generic, description: 'Everything that nothing else is made for.' },
  { model: coder, description: 'Programming: writes and debugs Python and SQL code.' },
]

const ask = (content: string, extras: Partial<ChatRequest> = {}): ChatRequest =>
  createChatRequest({ model: 'router', messages: [{ role: 'user', content }], max_tokens: 10_000 }, extras)
const clear = 'Please debug this Python code.'
const unclear = 'What happened on the moon in the summer of that year?'

function routerOf(definition: Partial<RouterDefinition>): {
  readonly explain: (request: ChatRequest) => RouterExplanation
  readonly chat: (request: ChatRequest) => Promise<unknown>
  readonly clock: FakeClock
} {
  const clock = new FakeClock()
  const router = createRouter({ candidates, ...definition })
  return {
    explain: (request) => router.explain?.(request, { clock, addedTokens: 0 }) as RouterExplanation,
    chat: (request) => collectAnswer(router.chat(request, createCallContext({ clock }))),
    clock,
  }
}

const said = ({ source, route, wouldAsk }: RouterExplanation): unknown => [source, route.id, wouldAsk]

describe('a router that explains itself', () => {
  const pool = [createSayingModel('a', 'A.'), createSayingModel('b', 'B.')]
  const compose = {
    pool,
    minWorkers: 2,
    maxWorkers: 2,
    buildPlan: (plan: Plan): FakeModel => createSayingModel(plan.name, 'Composed.'),
  }

  interface Case {
    readonly definition?: Partial<RouterDefinition>
    readonly asked: ChatRequest
    readonly expected: unknown
  }
  const composing = ask(unclear, { options: { mixture: 'compose' } })
  const titled = ask('Hi', { caller: { headers: { 'x-mollmr-task': 'title' } } })

  it.each<[string, Case]>([
    ['a named mixture', { asked: ask('Hi', { options: { mixture: 'coder' } }), expected: ['named', 'coder', null] }],
    [
      'a rule',
      {
        definition: { rules: [{ when: { minLength: 1 }, use: 'coder' }] },
        asked: ask('Hi'),
        expected: ['rule', 'coder', null],
      },
    ],
    ['a side request', { definition: { sideModel: phi }, asked: titled, expected: ['side', 'phi', null] }],
    [
      'the only candidate',
      { definition: { candidates: candidates.slice(0, 1) }, asked: ask('Hi'), expected: ['single', 'generic', null] },
    ],
    ['a clear lead', { definition: { model: phi }, asked: ask(clear), expected: ['scorer', 'coder', null] }],
    [
      'no base model',
      { definition: { default: 'generic' }, asked: ask(unclear), expected: ['default', 'generic', null] },
    ],
    [
      'an open choice',
      { definition: { model: phi, default: 'generic' }, asked: ask(unclear), expected: ['default', 'generic', 'phi'] },
    ],
    ['a plan', { definition: { compose }, asked: composing, expected: ['compose', 'plan:a+b>a', null] }],
    [
      'a plan that a model may change',
      { definition: { compose, model: phi }, asked: composing, expected: ['compose', 'plan:a+b>a', 'phi'] },
    ],
  ])('says what %s leads to', (_, { definition = {}, asked, expected }) => {
    expect(said(routerOf(definition).explain(asked))).toEqual(expected)
    expect(phi.calls).toHaveLength(0)
  })

  it('shows the candidates with their scores, and how sure the scorer is', () => {
    const { candidates: shown, confidence } = routerOf({}).explain(ask(clear))
    expect(shown.map(({ id }) => id)).toEqual(['coder', 'generic'])
    expect(shown[0]?.score).toBeGreaterThan(0)
    expect(confidence).toBe(1)
  })

  it('counts the choice only where a model would make it', () => {
    expect(routerOf({ model: phi, default: 'generic' }).explain(ask(unclear)).estimate).toMatchObject({
      calls: 2,
      completionTokens: 64 + 10_000,
      unpriced: ['phi', 'generic'],
    })
    expect(routerOf({ model: phi }).explain(ask(clear)).estimate.calls).toBe(1)
  })

  it('knows the choice that was made before, and the conversation that stays', async () => {
    const { explain, chat, clock } = routerOf({ model: phi, default: 'generic' })
    await chat(ask(unclear))
    expect(said(explain(ask(unclear)))).toEqual(['pin', 'coder', null])
    await clock.advance(400_000)
    expect(said(explain(ask(unclear)))).toEqual(['cache', 'coder', null])
  })

  it('remembers nothing: a conversation that is only explained does not stay, nor does its pin live longer', async () => {
    const { explain, chat, clock } = routerOf({ model: phi, default: 'generic' })
    explain(ask(unclear))
    expect(said(explain(ask(unclear)))).toEqual(['default', 'generic', 'phi'])
    await chat(ask(unclear))
    await clock.advance(200_000)
    explain(ask(unclear))
    await clock.advance(200_000)
    expect(said(explain(ask(unclear)))).toEqual(['cache', 'coder', null])
  })

  it('refuses an unknown name as it would when it is asked', () => {
    expect(() => routerOf({}).explain(ask('Hi', { options: { mixture: 'nobody' } }))).toThrow(
      expect.objectContaining({ param: 'mollmr.mixture' }),
    )
  })
})
