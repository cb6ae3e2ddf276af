/** A mixture and what it may spend: before the first call, and while calls run at the same time. */
import { describe, expect, it } from 'vitest'
import type { BudgetLimits } from '../../chat/call-budget.ts'
import type { ChatModel } from '../../chat/chat-model.ts'
import type { ChatBody, RequestOptions } from '../../chat/chat-request.ts'
import { UpstreamError } from '../../chat/errors.ts'
import type { Estimate } from '../../chat/explanation.ts'
import { askModel } from '../../testing/ask-model.ts'
import { createFailingModel, createFakeModel, createSayingModel, type FakeModel } from '../../testing/fake-model.ts'
import { recordCalls } from '../../trace/record-calls.ts'
import { retried } from '../../upstream/retry.ts'
import type { MixtureDefinition } from '../mixture-definition.ts'
import { createMixture } from '../mixture.ts'
import { StageCache } from '../drafts/stage-cache.ts'
import type { StrategyName } from '../strategies/strategies.ts'

const usage = { prompt_tokens: 100, completion_tokens: 100, total_tokens: 200 }

interface Panel {
  readonly mixture: ChatModel
  readonly workers: readonly FakeModel[]
  readonly aggregate: FakeModel
}

/** Three workers of the weights 1, 3 and 2, each call priced at 0.001 USD for a prompt or answer token. */
function panelOf(budget: BudgetLimits, changes: Partial<MixtureDefinition> = {}): Panel {
  const card = { price: { input: 1000, output: 1000 } }
  const saying = (id: string): FakeModel =>
    createFakeModel(id, {
      card,
      usage,
      script: () => [{ delta: { content: `I am ${id}.` } }, { delta: {}, finish: 'stop' }],
    })
  const workers = ['a', 'b', 'c'].map(saying)
  const aggregate = saying('z')
  const recorded = (model: FakeModel): ChatModel => recordCalls(model)
  const members = workers.map((model, at) => ({
    model: recorded(model),
    weight: [1, 3, 2][at] ?? 1,
    params: { max_tokens: 100 },
  }))
  const definition = { id: 'mix', workers: members, aggregate: recorded(aggregate), quorum: 3, budget, ...changes }
  return { mixture: createMixture(definition), workers, aggregate }
}

const calls = ({ workers, aggregate }: Panel): number[] => [...workers, aggregate].map((model) => model.calls.length)
const body = { messages: [{ role: 'user', content: 'Hello?' }], max_tokens: 100 }

describe('a mixture within its budget', () => {
  it('asks everyone and says nothing of it', async () => {
    const panel = panelOf({ maxCalls: 4, maxTokens: 100_000, maxCostUsd: 100 })
    const { trace, answer } = await askModel(panel.mixture, { body })
    expect(calls(panel)).toEqual([1, 1, 1, 1])
    expect(answer.text).toBe('I am z.')
    expect(trace.attributes).not.toHaveProperty('degraded')
  })

  it('reckons what its strategy asks the aggregate for', () => {
    const estimateOf = (strategy: StrategyName, n = 1): number => {
      const { mixture } = panelOf({}, { strategy, topK: 2 })
      return estimated(mixture, n)?.completionTokens ?? 0
    }
    expect(estimateOf('synthesize')).toBe(300 + 1000)
    expect(estimateOf('synthesize', 3)).toBe(300 + 3 * 1000)
    expect(estimateOf('select')).toBe(300 + 64)
    expect(estimateOf('rank_fuse')).toBe(300 + 64 + 1000)
    expect(estimateOf('deliberate')).toBe(300 + 1024 + 1000)
    expect(estimated(panelOf({}, { strategy: 'rank_fuse' }).mixture)?.completionTokens).toBe(300 + 1000)
  })

  it('reckons what suffices where drafts agree', () => {
    const leastOf = (changes: Partial<MixtureDefinition>): number[] => {
      const { calls: most = 0, least } = estimated(panelOf({}, changes).mixture) ?? {}
      return [most, least?.calls ?? 0]
    }
    expect(leastOf({ strategy: 'synthesize' })).toEqual([4, 4])
    expect(leastOf({ strategy: 'vote' })).toEqual([4, 3])
    expect(leastOf({ strategy: 'cascade' })).toEqual([4, 2])
    expect(leastOf({ strategy: 'cascade', layers: 2 })).toEqual([7, 5])
    const { mixture } = panelOf({}, { strategy: 'cascade' })
    expect(leastOf({ workers: [mixture, createSayingModel('x', 'X.')], quorum: 2 })).toEqual([6, 4])
    const most = estimated(mixture)
    expect(most?.least.tokens).toBeLessThan((most?.promptTokens ?? 0) + (most?.completionTokens ?? 0) - 1000)
  })
})

function estimated(mixture: ChatModel, n = 1): Estimate | undefined {
  const request = { body: { model: 'mix', ...body, max_tokens: 1000, n }, options: {}, caller: { headers: {} } }
  const clock = { now: () => 0, wallTime: () => 0, after: () => () => undefined }
  return mixture.explain?.(request, { clock, addedTokens: 0 }).estimate
}

describe('what has been paid for', () => {
  const workers = [createSayingModel('a', 'I am a.'), createSayingModel('b', 'I am b.'), createSayingModel('c', 'C.')]
  const judge = createSayingModel('judge', 'Together.')
  const mixtures = (changes: Partial<MixtureDefinition> = {}): readonly [rich: ChatModel, poor: ChatModel] => {
    const stageCache = new StageCache()
    const mixtureOf = (maxCalls: number): ChatModel => {
      const members = { workers, aggregate: recordCalls(judge) }
      const definition = { id: 'mix', ...members, quorum: 3, budget: { maxCalls }, ...changes }
      return createMixture(definition, { stageCache })
    }
    return [mixtureOf(9), mixtureOf(1)]
  }
  const attributesOf = async (mixture: ChatModel, asked: Partial<ChatBody>) => {
    const { trace } = await askModel(mixture, { body: asked })
    return trace.attributes
  }

  it('is no call of a request that is sent again', async () => {
    const [rich, poor] = mixtures()
    await askModel(rich, { body })
    const again = await attributesOf(poor, body)
    expect(again).toMatchObject({ strategy: 'synthesize', drafts: 3, model: 'judge' })
    expect(again).not.toHaveProperty('degraded')
    expect(await attributesOf(poor, { messages: [{ role: 'user', content: 'Another?' }] })).toMatchObject({
      bypassReason: 'budget',
    })
  })

  it('stays where a worker of more weight is too much', async () => {
    const stageCache = new StageCache()
    const heavy = { model: recordCalls(createSayingModel('heavy', 'H.')), weight: 9 }
    const definition = { id: 'mix', aggregate: recordCalls(judge) }
    await askModel(createMixture({ ...definition, workers: workers.slice(0, 2) }, { stageCache }), { body })
    const [a, b] = workers
    if (!a || !b) throw new RangeError('There are two.')
    const larger = createMixture(
      { ...definition, workers: [heavy, a, b], quorum: 3, budget: { maxCalls: 1 } },
      { stageCache },
    )
    expect(await attributesOf(larger, body)).toMatchObject({ budget: 'shrink', degraded: '2/3', drafts: 2 })
  })

  it('is no call of a turn that has been advised, nor of one whose advice is gone', async () => {
    const tools = [{ type: 'function', function: { name: 'look', parameters: {} } }]
    const asked = { tools, messages: [{ role: 'user', content: 'Mend it.' }] }
    const call = { id: '1', type: 'function', function: { name: 'look', arguments: '{}' } }
    const acted = {
      tools,
      messages: [
        ...asked.messages,
        { role: 'assistant', content: null, tool_calls: [call] },
        { role: 'tool', tool_call_id: '1', content: 'Seen.' },
      ],
    }
    const [rich, poor] = mixtures()
    expect(await attributesOf(poor, acted)).toMatchObject({ advice: 'gone' })
    expect(await attributesOf(poor, acted)).not.toHaveProperty('degraded')
    await askModel(rich, { body: asked })
    const step = await attributesOf(poor, acted)
    expect(step).toMatchObject({ advice: 'reused', drafts: 3 })
    expect(step).not.toHaveProperty('degraded')
  })
})

describe('a mixture over its budget', () => {
  it('leaves out the workers of the lowest weight until it fits, and says so', async () => {
    const panel = panelOf({ maxCalls: 3 })
    const { trace } = await askModel(panel.mixture, { body })
    expect(calls(panel)).toEqual([0, 1, 1, 1])
    expect(trace.attributes).toMatchObject({ budget: 'shrink', degraded: '2/3', degradedBy: 'budget' })
  })

  it('counts who was left out where another fails as well, or the aggregate does', async () => {
    const failing = (id: string): ChatModel => createFailingModel(id, new UpstreamError('upstream_error', 'No.'))
    const saying = (id: string): ChatModel => createSayingModel(id, `I am ${id}.`)
    const degradedOf = async (workers: readonly ChatModel[], aggregate: ChatModel): Promise<unknown> => {
      const { mixture } = panelOf({ maxCalls: 3 }, { workers, aggregate, quorum: 2 })
      return (await askModel(mixture, { body })).trace.attributes.degraded
    }
    expect(await degradedOf([saying('a'), failing('b'), saying('c')], saying('z'))).toBe('1/3')
    expect(await degradedOf([saying('a'), saying('b'), saying('c')], failing('z'))).toBe('2/3')
  })

  it.each<BudgetLimits>([{ maxCalls: 2 }, { maxTokens: 1000 }, { maxCostUsd: 1 }])(
    'lets the aggregate answer alone where two workers are too many: %o',
    async (limits) => {
      const panel = panelOf(limits)
      const { trace, answer } = await askModel(panel.mixture, { body })
      expect(calls(panel)).toEqual([0, 0, 0, 1])
      expect(answer.text).toBe('I am z.')
      expect(trace.attributes).toMatchObject({ mode: 'bypass', bypassReason: 'budget', degraded: '0/3' })
    },
  )

  it('leaves out nobody of those that it must have', async () => {
    const panel = panelOf({ maxCalls: 3 }, { minWorkers: 3 })
    await askModel(panel.mixture, { body })
    expect(calls(panel)).toEqual([0, 0, 0, 1])
  })

  it('goes straight to the aggregate where the budget says bypass', async () => {
    const panel = panelOf({ maxCalls: 3, onBudget: 'bypass' })
    await askModel(panel.mixture, { body })
    expect(calls(panel)).toEqual([0, 0, 0, 1])
  })

  it('asks nobody where the budget says refuse, and tells what it would take', async () => {
    const panel = panelOf({ maxCalls: 3, onBudget: 'refuse' })
    await expect(askModel(panel.mixture, { body })).rejects.toMatchObject({
      code: 'budget_exceeded',
      message: expect.stringMatching(
        /"mix": it needs 4 calls and has 3 calls left; raise budget\.max_calls\..* take 4 calls, \d+ tokens and [\d.]+ USD\./,
      ),
    })
    expect(calls(panel)).toEqual([0, 0, 0, 0])
  })

  it('asks nobody where not even the aggregate is within it', async () => {
    const panel = panelOf({ maxCostUsd: 0.0001 })
    await expect(askModel(panel.mixture, { body })).rejects.toMatchObject({ code: 'budget_exceeded' })
    expect(calls(panel)).toEqual([0, 0, 0, 0])
  })

  it.each<[RequestOptions, number[]]>([
    [{ budget: { maxCalls: 9 } }, [0, 1, 1, 1]],
    [{ budget: { onBudget: 'bypass' } }, [0, 0, 0, 1]],
  ])('does as the request says, which cannot raise its limits: %o', async (options, expected) => {
    const panel = panelOf({ maxCalls: 3, onBudget: 'shrink' })
    await askModel(panel.mixture, { body, options })
    expect(calls(panel)).toEqual(expected)
  })

  it('takes a model without a price for calls and tokens only', async () => {
    const panel = panelOf(
      { maxCostUsd: 0.000001 },
      {
        quorum: 2,
        workers: ['a', 'b'].map((id) => recordCalls(createSayingModel(id, `I am ${id}.`))),
        aggregate: recordCalls(createSayingModel('z', 'Together.')),
      },
    )
    expect((await askModel(panel.mixture, { body })).answer.text).toBe('Together.')
  })
})

describe('retries in a mixture with a budget', () => {
  it('cannot take the call that the aggregate needs', async () => {
    const failing = createFakeModel('f', { script: () => [{ fail: new UpstreamError('upstream_error', 'No.') }] })
    const always = { maxRetries: 5, random: () => 0 }
    const { aggregate } = panelOf({})
    const mixture = createMixture({
      id: 'mix',
      workers: [recordCalls(createSayingModel('a', 'A draft.')), retried(recordCalls(failing), always)],
      aggregate: recordCalls(aggregate),
      alwaysAggregate: true,
      budget: { maxCalls: 3 },
    })
    const { answer, trace } = await askModel(mixture, { body })
    expect(answer.text).toBe('I am z.')
    expect(failing.calls).toHaveLength(1)
    expect(trace.ledger()).toHaveLength(3)
  })
})
