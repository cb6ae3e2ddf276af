import { describe, expect, it } from 'vitest'
import type { ChatBody } from '../../chat/chat-request.ts'
import { type Asked, askModel, lastTextOf } from '../../testing/ask-model.ts'
import { createFakeModel, createSayingModel, type FakeModel, type FakeStep } from '../../testing/fake-model.ts'
import { createMixture } from '../mixture.ts'

const tools = ['look', 'run'].map((name) => ({ type: 'function', function: { name, parameters: {} } }))
const messages = [{ role: 'user', content: 'Mend it.' }]
const calls = (...named: readonly (readonly [name: string, json: string])[]): readonly FakeStep[] => [
  { delta: { role: 'assistant', content: '' } },
  ...named.map(([name, json], index) => ({
    delta: { tool_calls: [{ index, id: `${name}-${index}`, type: 'function', function: { name, arguments: json } }] },
  })),
  { delta: {}, finish: 'tool_calls' },
]
const calling = (id: string, ...named: readonly (readonly [string, string])[]): FakeModel =>
  createFakeModel(id, { script: () => calls(...named) })

function ask(workers: readonly FakeModel[], judge: FakeModel, body: Partial<ChatBody> = {}): Promise<Asked> {
  const mixture = createMixture({ id: 'mix', workers, aggregate: judge, tools: 'select', shuffle: false })
  return askModel(mixture, { body: { tools, messages, ...body } })
}

describe('tools: select', () => {
  const a = calling('a', ['look', '{"at":"x"}'], ['run', '{"what":"y"}'])
  const b = createSayingModel('b', 'It cannot be mended.')

  it("gives the workers the tools and hands up one worker's calls whole", async () => {
    for (const stream of [true, false]) {
      const judge = createSayingModel('judge', '{"draft": 1}')
      const { answer, trace } = await ask([a, b], judge, { stream, tool_choice: 'auto' })
      expect(answer.toolCalls).toEqual([
        { id: 'look-0', type: 'function', function: { name: 'look', arguments: '{"at":"x"}' } },
        { id: 'run-1', type: 'function', function: { name: 'run', arguments: '{"what":"y"}' } },
      ])
      expect([answer.finishReason, answer.text, answer.completion.model]).toEqual(['tool_calls', '', 'mix'])
      expect(trace.attributes).toMatchObject({ strategy: 'select', model: 'a' })
      expect(lastTextOf(judge.calls[0]?.request)).toContain('[Calls the tool run with {"what":"y"}]')
      expect(judge.calls[0]?.request.body).not.toHaveProperty('tools')
    }
    expect(a.calls[0]?.request.body).toMatchObject({ tools, tool_choice: 'auto', messages })
  })

  it('hands up a text where that is best', async () => {
    const { answer } = await ask([a, b], createSayingModel('judge', '{"draft": 2}'))
    expect([answer.text, answer.toolCalls, answer.finishReason]).toEqual(['It cannot be mended.', [], 'stop'])
  })

  it('gives no tools to a worker that cannot use them', async () => {
    const plain = createFakeModel('plain', { card: { tools: false }, script: () => calls(['run', '{}']) })
    const history = [
      ...messages,
      ...[
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: '1', type: 'function', function: { name: 'run', arguments: '{}' } }],
        },
        { role: 'tool', tool_call_id: '1', content: 'ok' },
      ],
    ]
    const { trace } = await ask([plain, a], createSayingModel('judge', 'x'), { messages: history })
    expect(plain.calls[0]?.request.body).not.toHaveProperty('tools')
    expect(lastTextOf(plain.calls[0]?.request)).toContain('[Result of the tool run]')
    expect(trace.attributes.degraded).toBe('1/2')
  })

  it.each([
    ['with arguments that are no JSON', calling('x', ['run', '{"what":']), {}],
    ['of a tool that nobody offers', calling('x', ['rm', '{}']), {}],
    [
      'other than the one that is forced',
      calling('x', ['run', '{}']),
      { tool_choice: { type: 'function', function: { name: 'look' } } },
    ],
    ['instead of which a text came', createSayingModel('x', 'No need.'), { tool_choice: 'required' }],
  ])('passes over calls %s', async (...[, odd, body]) => {
    const judge = createSayingModel('judge', 'not asked')
    const good = calling('good', ['look', '{}'])
    const { answer } = await ask([odd, good], judge, body)
    expect(answer.toolCalls.map(({ function: called }) => called?.name)).toEqual(['look'])
    expect(judge.calls).toHaveLength(0)
  })

  it('refuses the older form, functions, with which workers cannot act', async () => {
    const functions = [{ name: 'look', parameters: {} }]
    const judge = createSayingModel('judge', 'not asked')
    const asked = ask([a, b], judge, { tools: null, functions })
    await expect(asked).rejects.toMatchObject({ code: 'unsupported_parameter', param: 'functions' })
    expect(judge.calls).toHaveLength(0)

    const free = await ask([createSayingModel('x', 'A draft.')], judge, {
      tools: null,
      functions,
      function_call: 'none',
    })
    expect(free.answer.text).toBe('A draft.')
  })

  it('has the aggregate act where no worker did as it must', async () => {
    const judge = calling('judge', ['look', '{}'])
    const { answer, trace } = await ask([b, createSayingModel('c', 'No.')], judge, { tool_choice: 'required' })
    expect(answer.toolCalls).toHaveLength(1)
    expect(judge.calls[0]?.request.body).toMatchObject({ tools, tool_choice: 'required' })
    expect(trace.attributes.model).toBe('judge')
  })
})
