import { describe, expect, it } from 'vitest'
import type { ChatModel } from '../chat/chat-model.ts'
import { type ChatBody, type ChatMessage, createChatRequest } from '../chat/chat-request.ts'
import { collectAnswer } from '../chat/collect-answer.ts'
import { isMollmrError, LoopError } from '../chat/errors.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { createFakeModel, createSayingModel, type FakeModel, textSteps } from '../testing/fake-model.ts'
import { createCallContext } from '../trace/call-context.ts'
import { createTrace } from '../trace/trace.ts'
import { createRouter } from './router.ts'
import type { RouterDefinition } from './router-definition.ts'

const mixture = (id: string): FakeModel =>
  createFakeModel(id, { card: { kind: 'mixture', description: `For ${id}.` }, script: () => textSteps('Mixed.') })
const single = (id: string, quality?: number): FakeModel =>
  createFakeModel(id, { card: quality === undefined ? {} : { quality }, script: () => textSteps('Alone.') })
const user = (content: string): ChatMessage => ({ role: 'user', content })
const hi: Partial<ChatBody> = { messages: [user('Hi')] }
const call: ChatMessage = {
  role: 'assistant',
  content: null,
  tool_calls: [{ id: 'c1', type: 'function', function: { name: 'read', arguments: '{}' } }],
}
const result: ChatMessage = { role: 'tool', tool_call_id: 'c1', content: 'text' }

type Loose = { readonly [Key in keyof RouterDefinition]?: RouterDefinition[Key] | undefined }

/** A router over one mixture, and what came of each request to it: the source of the route, or the code of the error. */
function setUp(definition: Loose = {}) {
  const clock = new FakeClock()
  const mixed = mixture('mixed')
  const parts: Loose = {
    candidates: [{ model: mixed }],
    sideModel: single('side'),
    loopGuard: { callsPerMinute: 3 },
    ...definition,
  }
  const router: ChatModel = createRouter(parts as RouterDefinition)
  const send = async (body: Partial<ChatBody>): Promise<string> => {
    const trace = createTrace('request', clock)
    const request = createChatRequest({ model: 'router', messages: [], ...body })
    try {
      await collectAnswer(router.chat(request, createCallContext({ trace, clock })))
      return `${trace.attributes.routeSource ?? '?'}: ${trace.attributes.route ?? '?'}`
    } catch (error) {
      if (isMollmrError(error)) return error.code
      throw error
    }
  }
  const sendAll = async (times: number, bodyOf: (index: number) => Partial<ChatBody>, pauseMs = 0) => {
    const came: string[] = []
    for (let index = 0; index < times; index += 1) {
      came.push(await send(bodyOf(index)))
      if (pauseMs > 0) await clock.advance(pauseMs)
    }
    return came
  }
  const explain = (body: Partial<ChatBody>) =>
    router.explain?.(createChatRequest({ model: 'router', messages: [], ...body }), { clock, addedTokens: 0 })
  return { clock, mixed, send, sendAll, explain }
}

const countsOf = (came: readonly string[]): Record<string, number> =>
  Object.fromEntries([...new Set(came)].map((one) => [one, came.filter((other) => other === one).length]))

function waitOf(run: () => unknown): number | undefined {
  try {
    run()
  } catch (error) {
    if (error instanceof LoopError) return error.retryAfterMs
  }
  return undefined
}

describe('a program that asks 833 times in 30 s', () => {
  it('wakes the mixture 60 times, the side model 60 times, and is refused from then on', async () => {
    const { clock, mixed, sendAll } = setUp({ loopGuard: undefined })
    const came = await sendAll(833, () => hi, 36)
    expect(clock.now()).toBeLessThan(30_000)
    expect(countsOf(came)).toEqual({ 'single: mixed': 60, 'loop_guard: side': 60, request_loop: 713 })
    expect(mixed.calls).toHaveLength(60)
  })

  it('is caught as well where each text of the model is sent back without a new user turn', async () => {
    const { sendAll } = setUp()
    const grown = (index: number) => ({
      messages: [
        user('Hi'),
        ...Array.from({ length: index }, () => ({ role: 'assistant', content: 'Text.' }) as const),
      ],
    })
    expect(countsOf(await sendAll(8, grown))).toEqual({ 'single: mixed': 3, 'loop_guard: side': 3, request_loop: 2 })
  })
})

describe('the loop guard', () => {
  it('counts new user turns of one conversation within a minute, and forgets them with it', async () => {
    const { clock, sendAll } = setUp()
    const turns = (index: number) => ({ messages: [user('Hi'), user(`Question ${index}`)] })
    expect((await sendAll(7, turns)).slice(3)).toEqual([
      ...Array.from({ length: 3 }, () => 'loop_guard: side'),
      'request_loop',
    ])
    await clock.advance(60_000)
    expect(await sendAll(1, () => turns(9))).toEqual(['single: mixed'])
  })

  it('counts a turn that is repeated slowly, until the user says something new', async () => {
    const { sendAll, send } = setUp()
    expect((await sendAll(4, () => hi, 30_000)).at(-1)).toBe('loop_guard: side')
    expect(await send({ messages: [user('Hi'), user('Go on')] })).toBe('single: mixed')
  })

  it('never meets an agent whose every step brings the result of a tool', async () => {
    const { sendAll } = setUp()
    const step = (index: number) => ({
      messages: [user('Hi'), ...Array.from({ length: index }, () => [call, result]).flat()],
    })
    expect(countsOf(await sendAll(200, step))).toEqual({ 'single: mixed': 200 })
  })

  it('lets the result of a tool pass even while the conversation loops', async () => {
    const { sendAll, send } = setUp()
    await sendAll(7, () => hi)
    expect(await send({ messages: [user('Hi'), call, result] })).toBe('single: mixed')
    expect(await send(hi)).toBe('request_loop')
  })

  it('meets one that sends the same step again', async () => {
    const { sendAll } = setUp()
    const came = await sendAll(5, () => ({ messages: [user('Hi'), call, result] }))
    expect(countsOf(came)).toEqual({ 'single: mixed': 4, 'loop_guard: side': 1 })
  })

  it('tells conversations apart, and lets single models be asked as often as one likes', async () => {
    const { sendAll } = setUp()
    expect(countsOf(await sendAll(20, (index) => ({ messages: [user(`Hi ${index}`)] })))).toEqual({
      'single: mixed': 20,
    })
    const alone = setUp({ candidates: [{ model: single('alone') }] })
    expect(countsOf(await alone.sendAll(20, () => hi))).toEqual({ 'single: alone': 20 })
  })

  it('saves the question to the base model too, and leaves the pin as it is', async () => {
    const model = createSayingModel('phi', '{"choice":"other","reason":"so"}')
    const { sendAll, send } = setUp({ candidates: [{ model: mixture('one') }, { model: mixture('other') }], model })
    expect(await sendAll(4, () => hi)).toEqual(['model: other', 'pin: other', 'pin: other', 'loop_guard: side'])
    expect(model.calls).toHaveLength(1)
    expect(await send({ messages: [user('Hi'), user('More')] })).not.toMatch(/^model/)
  })

  it.each([
    ['the base model', { model: single('base') }, 'base'],
    ['the strongest single model', {}, 'strong'],
  ])('without a side model goes to %s', async (_, more, id) => {
    const candidates = [mixture('mixed'), single('weak', 0.1), single('strong', 0.9), single('unknown')]
    const { sendAll } = setUp({
      rules: [{ when: {}, use: 'mixed' }],
      candidates: candidates.map((model) => ({ model, offered: model.id === 'mixed' })),
      sideModel: undefined,
      ...more,
    })
    expect((await sendAll(4, () => hi)).at(-1)).toBe(`loop_guard: ${id}`)
  })

  it('passes by a bypass that cannot serve the request', async () => {
    const dull = createFakeModel('dull', { card: { tools: false }, script: () => textSteps('x') })
    const { sendAll } = setUp({ sideModel: dull, model: single('base') })
    const tools = [{ type: 'function', function: { name: 'read' } }]
    expect((await sendAll(4, () => ({ ...hi, tools }))).at(-1)).toBe('loop_guard: base')
  })

  it('has nothing to go to where everything is a mixture, and only refuses', async () => {
    const { sendAll } = setUp({ sideModel: undefined })
    expect(countsOf(await sendAll(8, () => hi))).toEqual({ 'single: mixed': 6, request_loop: 2 })
  })

  it('is off at 0', async () => {
    const { sendAll } = setUp({ loopGuard: { callsPerMinute: 0 } })
    expect(countsOf(await sendAll(200, () => hi))).toEqual({ 'single: mixed': 200 })
  })

  it('is foreseen without being counted', async () => {
    const { sendAll, explain } = setUp()
    await sendAll(3, () => hi)
    const twice = [explain(hi), explain(hi)]
    expect(twice).toMatchObject([{ source: 'loop_guard' }, { source: 'loop_guard' }])
    await sendAll(3, () => hi)
    expect(() => explain(hi)).toThrow(LoopError)
  })

  it('says when to come back: when the minute is over, or after one of silence where a turn is repeated', async () => {
    const { clock, sendAll, explain } = setUp()
    await sendAll(6, (index) => ({ messages: [user('Hi'), user(`Question ${index}`)] }))
    await clock.advance(20_000)
    expect(waitOf(() => explain({ messages: [user('Hi'), user('More')] }))).toBe(40_000)
    await clock.advance(40_000)
    await sendAll(6, () => hi)
    expect(waitOf(() => explain(hi))).toBe(60_000)
  })
})
