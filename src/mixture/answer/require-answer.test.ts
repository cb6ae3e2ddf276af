import { describe, expect, it } from 'vitest'
import { askModel, beginAsking } from '../../testing/ask-model.ts'
import { createFakeModel, createSayingModel, type FakeModel, type FakeStep } from '../../testing/fake-model.ts'
import { createMixture } from '../mixture.ts'

const thinking = (finish: string): FakeStep[] => [
  { delta: { role: 'assistant', content: '' } },
  { delta: { reasoning_content: 'Hm.' } },
  { delta: {}, finish },
]
const judging = (steps: readonly FakeStep[]): FakeModel => createFakeModel('judge', { script: () => steps })
const mixtureOf = (aggregate: FakeModel) =>
  createMixture({ id: 'mix', workers: [createSayingModel('a', 'A.'), createSayingModel('b', 'B.')], aggregate })

describe('an aggregate that thinks and then says nothing', () => {
  it('fails, and no finish reason makes it look like an answer', async () => {
    const { answer, events } = beginAsking(mixtureOf(judging(thinking('stop'))))
    await expect(answer).rejects.toMatchObject({ code: 'upstream_empty_response' })
    const choices = events.flatMap((event) => (event.type === 'chunk' ? event.chunk.choices : []))
    expect(choices.map(({ delta }) => delta.reasoning_content ?? '').join('')).toBe('Hm.')
    expect(choices.every(({ finish_reason }) => finish_reason === null)).toBe(true)
    expect(events.some(({ type }) => type === 'end')).toBe(false)
  })

  it('is let through where a limit or a filter stopped it: another try would be stopped too', async () => {
    const { answer } = await askModel(mixtureOf(judging(thinking('length'))))
    expect(answer).toMatchObject({ text: '', reasoning: 'Hm.', finishReason: 'length' })
  })

  it('is let through where it calls a tool', async () => {
    const call = { index: 0, id: 'call_1', type: 'function', function: { name: 'search', arguments: '{}' } }
    const judge = judging([{ delta: { tool_calls: [call] } }, { delta: {}, finish: 'stop' }])
    expect((await askModel(mixtureOf(judge))).answer.toolCalls).toHaveLength(1)
  })
})
