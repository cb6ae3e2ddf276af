import { describe, expect, it } from 'vitest'
import type { ChatModel, ModelCard } from '../chat/chat-model.ts'
import { createFakeModel } from '../testing/fake-model.ts'
import { aboveQualityFloor, byQualityAndPrice, pickWorkers } from './pick-workers.ts'

const model = (id: string, card: Partial<ModelCard> = {}): ChatModel => createFakeModel(id, { card, script: () => [] })
const idsOf = (models: readonly ChatModel[]): string[] => models.map(({ id }) => id)

describe('pickWorkers', () => {
  it('takes the model whose strengths the question asks for before a better one', () => {
    const pool = [model('big', { quality: 0.9 }), model('coder', { quality: 0.7, strengths: ['code', 'SQL'] })]
    expect(idsOf(pickWorkers(pool, 'Write a SQL query', 1))).toEqual(['coder'])
    expect(idsOf(pickWorkers(pool, 'Write a poem', 1))).toEqual(['big'])
  })

  it('adds the strengths that are still missing, not the same one twice', () => {
    const pool = [
      model('sql-one', { strengths: ['sql'], quality: 0.8 }),
      model('sql-two', { strengths: ['sql'], quality: 0.7 }),
      model('finance', { strengths: ['finance'], quality: 0.6 }),
    ]
    expect(idsOf(pickWorkers(pool, 'Some SQL for finance', 2))).toEqual(['sql-one', 'finance'])
  })

  it('then takes the better, then the cheaper, then the first', () => {
    const pool = [
      model('dear', { quality: 0.8, price: { input: 5, output: 15 } }),
      model('unpriced', { quality: 0.8 }),
      model('cheap', { quality: 0.8, price: { input: 1, output: 2 } }),
      model('best', { quality: 0.9, price: { input: 9, output: 9 } }),
      model('unknown'),
      model('unknown-too'),
    ]
    const picked = pickWorkers(pool, 'Hello', 6)
    expect(idsOf(picked)).toEqual(['best', 'cheap', 'dear', 'unpriced', 'unknown', 'unknown-too'])
  })

  it('takes no more than there are', () => {
    expect(idsOf(pickWorkers([model('a')], 'x', 3))).toEqual(['a'])
    expect(pickWorkers([], 'x', 3)).toEqual([])
  })
})

describe('aboveQualityFloor', () => {
  it('leaves out what is far below the best, and keeps what declares nothing', () => {
    const pool = [
      model('best', { quality: 0.9 }),
      model('good', { quality: 0.63 }),
      model('weak', { quality: 0.6 }),
      model('new'),
    ]
    expect(idsOf(aboveQualityFloor(pool))).toEqual(['best', 'good', 'new'])
  })

  it('keeps a pool that declares nothing', () => {
    expect(idsOf(aboveQualityFloor([model('a'), model('b')]))).toEqual(['a', 'b'])
  })
})

describe('byQualityAndPrice', () => {
  it('keeps equals in their order', () => {
    expect(byQualityAndPrice(model('a'), model('b'))).toBe(0)
  })
})
