import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ChatModel, ModelCard } from '../chat/chat-model.ts'
import { type ChatBody, createChatRequest } from '../chat/chat-request.ts'
import { CancelledError, errorCodeOf, UpstreamError } from '../chat/errors.ts'
import { parseTemplate } from '../prompt/template.ts'
import { createFailingModel, createFakeModel, createSayingModel } from '../testing/fake-model.ts'
import { createCallContext } from '../trace/call-context.ts'
import { composePlan, type PlanLimits } from './compose-plan.ts'
import { trimConversation } from './conversation.ts'
import type { Plan } from './plan.ts'
import { PlanProposer } from './plan-proposer.ts'
import { needsOf } from './request-needs.ts'
import { composeSlots, defaultRouterPrompts } from './router-prompts.ts'

const template = parseTemplate({ ...defaultRouterPrompts().compose, slots: composeSlots })
const model = (id: string, card: Partial<ModelCard> = {}): ChatModel => createFakeModel(id, { card, script: () => [] })
const big = model('big', { quality: 0.9 })
const coder = model('coder', { quality: 0.8, strengths: ['code'] })
const small = model('small', { quality: 0.7 })
const weak = model('weak', { quality: 0.3 })
const hard = 'Compare three ways to schedule trains on a single track, with all their trade-offs.'

interface Setting {
  readonly limits?: Partial<PlanLimits>
  readonly proposer?: ChatModel
  readonly body?: Partial<ChatBody>
}

async function compose({ limits, proposer, body }: Setting = {}) {
  const request = createChatRequest({ model: 'router', messages: [{ role: 'user', content: hard }], ...body })
  const matter = {
    request,
    needs: needsOf(request),
    nowMs: 0,
    turns: trimConversation(request.body.messages),
    fence: 'f00d',
  }
  const from = {
    limits: { pool: [big, coder, small, weak], minWorkers: 1, maxWorkers: 3, ...limits },
    proposer: proposer && new PlanProposer(proposer, template),
  }
  return composePlan(from, matter, createCallContext())
}

const proposing = (proposal: object): ChatModel => createSayingModel('phi', JSON.stringify(proposal))
const planned = async (setting: Setting): Promise<Plan> => (await compose(setting)).plan

describe('a proposal', () => {
  it('becomes the plan, under the name of its parts', async () => {
    const proposer = proposing({
      workers: ['coder', 'small'],
      count: 2,
      aggregate: 'big',
      strategy: 'select',
      reason: 'why',
    })
    const { plan, isLasting } = await compose({ proposer })
    expect(plan).toEqual({
      name: 'plan:coder+small>big',
      workers: [coder, small],
      samples: 1,
      aggregate: big,
      strategy: 'select',
      reason: 'why',
    })
    expect(isLasting).toBe(true)
  })

  it('of one worker with several drafts asks that model several times', async () => {
    const proposer = proposing({ workers: ['big'], count: 3, aggregate: 'big', strategy: 'vote', reason: '' })
    expect(await planned({ proposer })).toMatchObject({ name: 'plan:big*3>big', samples: 3, workers: [big] })
  })

  it('of one draft is a single model', async () => {
    const proposer = proposing({ workers: ['coder'], count: 1, aggregate: 'big', strategy: 'synthesize', reason: '' })
    expect(await planned({ proposer })).toMatchObject({ workers: [coder], samples: 1, aggregate: coder })
  })

  it('is cut to the most workers that are allowed', async () => {
    const proposer = proposing({ workers: ['big', 'coder', 'small'], count: 9 })
    expect(await planned({ proposer, limits: { maxWorkers: 2 } })).toMatchObject({ workers: [big, coder] })
  })

  it('is filled up to the fewest that are allowed', async () => {
    const proposer = proposing({ workers: ['coder', 'small'], count: 2 })
    expect(await planned({ proposer, limits: { minWorkers: 3 } })).toMatchObject({ workers: [coder, small, big] })
  })

  it('cannot bring in a model below the quality floor, nor one that is not in the pool', async () => {
    const proposer = proposing({ workers: ['weak', 'gpt-9', 'coder', 'small'], count: 2, aggregate: 'weak' })
    expect(await planned({ proposer })).toMatchObject({ name: 'plan:coder+small>big' })
  })

  it('is not asked to think about models that cannot serve the request', async () => {
    const seeing = model('seeing', { modalities: ['text', 'image'] })
    const proposer = createSayingModel('phi', '{"workers":["big","seeing"],"count":2}')
    const content = [{ type: 'text', text: hard }, { type: 'image_url' }]
    const plan = await planned({
      proposer,
      limits: { pool: [big, seeing] },
      body: { messages: [{ role: 'user', content }] },
    })
    expect(plan.workers).toEqual([seeing])
    expect(proposer.calls).toHaveLength(0)
  })
})

describe('without a usable proposal', () => {
  it('a single model is the default: by strengths, then quality', async () => {
    expect(await planned({})).toMatchObject({ workers: [big], samples: 1, reason: 'by strengths, quality and price' })
    const messages = [{ role: 'user', content: `${hard} Answer with a program, that is, in code.` }]
    expect(await planned({ body: { messages } })).toMatchObject({ workers: [coder] })
  })

  it('there are as many workers as the config insists on', async () => {
    expect(await planned({ limits: { minWorkers: 2 } })).toMatchObject({
      name: 'plan:big+coder>big',
      strategy: 'synthesize',
    })
  })

  it('one eligible model writes as many drafts as the config insists on', async () => {
    const plan = await planned({ limits: { pool: [big, weak], minWorkers: 2 } })
    expect(plan).toMatchObject({ name: 'plan:big*2>big' })
  })

  it.each([
    ['the model fails', createFailingModel('phi', new UpstreamError('upstream_error', 'HTTP 500'))],
    ['the model talks', createSayingModel('phi', 'I would take big and small.')],
    ['the model names nobody', proposing({ workers: ['gpt-9'], count: 2 })],
  ])('where %s the cards decide, and the plan is a makeshift', async (_, proposer) => {
    const { plan, isLasting } = await compose({ proposer, limits: { minWorkers: 2 } })
    expect(plan.name).toBe('plan:big+coder>big')
    expect(isLasting).toBe(false)
  })

  it('an abort is an abort', async () => {
    const controller = new AbortController()
    controller.abort(new CancelledError())
    const request = createChatRequest({ model: 'router', messages: [{ role: 'user', content: hard }] })
    const matter = { request, needs: needsOf(request), nowMs: 0, turns: [], fence: 'f' }
    const from = {
      limits: { pool: [big, coder], minWorkers: 1, maxWorkers: 3 },
      proposer: new PlanProposer(proposing({}), template),
    }
    const plan = composePlan(from, matter, createCallContext({ signal: controller.signal }))
    expect(await plan.then(() => 'planned', errorCodeOf)).toBe('client_closed')
  })
})

describe('one model answers alone', () => {
  const proposer = () => createSayingModel('phi', '{"workers":["big","coder","small"],"count":3}')

  it('where tools may be called, even if the config insists on more', async () => {
    const phi = proposer()
    const tools = [{ type: 'function', function: { name: 'read' } }]
    expect(await planned({ proposer: phi, body: { tools }, limits: { minWorkers: 2 } })).toMatchObject({
      workers: [big],
      samples: 1,
    })
    expect(phi.calls).toHaveLength(0)
  })

  it('in the middle of a tool loop', async () => {
    const messages = [
      { role: 'user', content: hard },
      { role: 'tool', tool_call_id: '1', content: 'x' },
    ]
    expect(await planned({ proposer: proposer(), body: { messages } })).toMatchObject({ workers: [big], samples: 1 })
  })

  it('on a short question, unless the config insists on more', async () => {
    const messages = [{ role: 'user', content: 'Please tell me a joke.' }]
    const phi = proposer()
    expect(await planned({ proposer: phi, body: { messages } })).toMatchObject({ workers: [big], samples: 1 })
    expect(phi.calls).toHaveLength(0)
    expect((await planned({ proposer: phi, body: { messages }, limits: { minWorkers: 2 } })).workers).toHaveLength(3)
  })

  it('where it is the only one that can serve the request', async () => {
    const deaf = { modalities: ['text'] as const }
    const hearing = model('hearing', { modalities: ['text', 'audio'], quality: 0.2 })
    const messages = [{ role: 'user', content: [{ type: 'text', text: hard }, { type: 'input_audio' }] }]
    const plan = await planned({ limits: { pool: [model('a', deaf), hearing] }, body: { messages } })
    expect(plan.workers).toEqual([hearing])
  })
})

describe('the aggregate', () => {
  it('is the best model whose window holds the question and all drafts', async () => {
    const narrow = model('narrow', { quality: 0.9, contextWindow: 7000 })
    const wide = model('wide', { quality: 0.8, contextWindow: 32_000 })
    const setting = { limits: { pool: [narrow, wide], minWorkers: 2, maxWorkers: 3 } }
    expect((await planned(setting)).name).toBe('plan:narrow+wide>wide')
    const proposer = proposing({ workers: ['narrow', 'wide'], count: 2, aggregate: 'narrow' })
    expect((await planned({ ...setting, proposer })).name).toBe('plan:narrow+wide>wide')
  })

  it('is the one with the widest window where no window holds all drafts whole', async () => {
    const pool = [model('a', { contextWindow: 4000, quality: 0.9 }), model('b', { contextWindow: 5000, quality: 0.8 })]
    expect((await planned({ limits: { pool, minWorkers: 2 } })).name).toBe('plan:a+b>b')
  })
})

describe('whatever is proposed', () => {
  it('the plan stays within the pool and the limits', async () => {
    const names = fc.array(fc.constantFrom('big', 'coder', 'small', 'weak', 'gpt-9', ''), { maxLength: 6 })
    const proposal = fc.record({
      workers: names,
      count: fc.oneof(fc.integer(), fc.double(), fc.string()),
      aggregate: fc.constantFrom('big', 'weak', 'gpt-9'),
      strategy: fc.constantFrom('vote', 'debate', 7),
      reason: fc.string(),
    })
    const limits = fc.record({ minWorkers: fc.integer({ min: 1, max: 4 }), more: fc.integer({ min: 0, max: 3 }) })
    await fc.assert(
      fc.asyncProperty(proposal, limits, async (proposed, { minWorkers, more }) => {
        const maxWorkers = minWorkers + more
        const plan = await planned({ proposer: proposing(proposed), limits: { minWorkers, maxWorkers } })
        expect(plan.workers.length * plan.samples).toBeLessThanOrEqual(maxWorkers)
        expect(plan.workers.length * plan.samples).toBeGreaterThanOrEqual(Math.min(minWorkers, 3))
        expect(new Set(plan.workers).size).toBe(plan.workers.length)
        expect([big, coder, small]).toEqual(expect.arrayContaining([...plan.workers, plan.aggregate]))
        expect(['synthesize', 'select', 'vote']).toContain(plan.strategy)
      }),
    )
  })
})
