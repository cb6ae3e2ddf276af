import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { UpstreamError } from '../chat/errors.ts'
import { parseTemplate } from '../prompt/template.ts'
import { createFakeModel, createSayingModel, textSteps } from '../testing/fake-model.ts'
import { createCallContext } from '../trace/call-context.ts'
import { parseProposal, PlanProposer, type ProposalMatter } from './plan-proposer.ts'
import { composeSlots, defaultRouterPrompts } from './router-prompts.ts'

const template = parseTemplate({ ...defaultRouterPrompts().compose, slots: composeSlots })
const json = '{"workers":["big","small"],"count":2,"aggregate":"big","strategy":"vote","reason":"hard sum"}'
const matter: ProposalMatter = {
  models: [
    createFakeModel('big', {
      card: {
        description: 'Strong\ngeneralist',
        strengths: ['code', 'maths'],
        quality: 0.9,
        price: { input: 1.25, output: 10 },
      },
      script: () => [],
    }),
    createFakeModel('small', { script: () => [] }),
  ],
  minWorkers: 1,
  maxWorkers: 3,
  turns: [{ role: 'user', text: 'What is the sum?' }],
  fence: 'f00d',
}

describe('PlanProposer', () => {
  it('shows the models as their cards declare them, the limits and the conversation last', async () => {
    const model = createSayingModel('phi', json)
    await new PlanProposer(model, template).propose(matter, createCallContext())
    const prompt = model.calls[0]?.request.body.messages[0]?.content
    expect(prompt).toContain(
      '- big: Strong generalist; good at code, maths; quality 0.9 of 1; 1.25 / 10 USD per million tokens in / out\n- small\n',
    )
    expect(prompt).toContain('at least 1, at most 3')
    expect(prompt).toMatch(/f00d\nuser: What is the sum\?\nf00d\n\nYour plan:$/)
  })

  it('asks in a strict schema that knows only these models and strategies', async () => {
    const model = createSayingModel('phi', json)
    await new PlanProposer(model, template).propose(matter, createCallContext())
    const { properties, required } = model.calls[0]?.request.body.response_format?.json_schema?.schema as {
      readonly properties: object
      readonly required: readonly string[]
    }
    expect(properties).toMatchObject({
      workers: { items: { enum: ['big', 'small'] } },
      aggregate: { enum: ['big', 'small'] },
      strategy: { enum: ['synthesize', 'select', 'vote'] },
    })
    expect(required).toEqual(['workers', 'count', 'aggregate', 'strategy', 'reason'])
  })

  it('does without the schema where the upstream refuses it, and remembers that', async () => {
    const refusal = new UpstreamError('upstream_bad_request', 'no response_format')
    const model = createFakeModel('phi', {
      script: ({ body }) => (body.response_format ? [{ fail: refusal }] : textSteps(`Here: ${json}`)),
    })
    const proposer = new PlanProposer(model, template)
    expect(await proposer.propose(matter, createCallContext())).toMatchObject({ workers: ['big', 'small'] })
    await proposer.propose(matter, createCallContext())
    expect(model.calls.map(({ request }) => request.body.response_format !== undefined)).toEqual([true, false, false])
  })

  it('hands up any other failure', async () => {
    const failure = new UpstreamError('upstream_error', 'HTTP 500')
    const model = createFakeModel('phi', { script: () => [{ fail: failure }] })
    await expect(new PlanProposer(model, template).propose(matter, createCallContext())).rejects.toBe(failure)
  })
})

describe('parseProposal', () => {
  const ids = ['big', 'small', 'qwen2-7b']

  it('reads what was asked for', () => {
    expect(parseProposal(json, ids)).toEqual({
      workers: ['big', 'small'],
      count: 2,
      aggregate: 'big',
      strategy: 'vote',
      reason: 'hard sum',
    })
  })

  it('leaves out models that do not exist and repetitions, and mends a misspelt one', () => {
    expect(parseProposal('{"workers":["gpt-9","Qwen2-7B","qwen27b","small","small"]}', ids)?.workers).toEqual([
      'qwen2-7b',
      'small',
    ])
  })

  it('fills in what is missing or makes no sense', () => {
    const reply = '{"workers":["big","big","big"],"count":-2,"aggregate":"gpt-9","strategy":"debate"}'
    expect(parseProposal(reply, ids)).toEqual({
      workers: ['big'],
      count: 3,
      aggregate: undefined,
      strategy: 'synthesize',
      reason: '',
    })
  })

  it.each([
    '',
    'big and small',
    '{"workers":"big"}',
    '{"workers":[]}',
    '{"workers":["gpt-9"]}',
    '[]',
    '{"workers":[1]}',
  ])('finds no plan in %j', (reply) => {
    expect(parseProposal(reply, ids)).toBeUndefined()
  })

  it('never throws and names only known models, whatever JSON comes', () => {
    const value = fc.oneof(fc.jsonValue(), fc.constantFrom('big', 'small', ['big', 'nobody'], 2, 'select'))
    const object = fc.record({ workers: value, count: value, aggregate: value, strategy: value, reason: value })
    fc.assert(
      fc.property(object, (reply) => {
        const proposal = parseProposal(JSON.stringify(reply), ids)
        expect(proposal === undefined || proposal.workers.every((id) => ids.includes(id))).toBe(true)
        expect(proposal === undefined || proposal.count >= 1).toBe(true)
      }),
    )
  })
})
