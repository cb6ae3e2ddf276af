import { describe, expect, it } from 'vitest'
import type { ChatModel } from '../../chat/chat-model.ts'
import type { ChatBody, ChatMessage } from '../../chat/chat-request.ts'
import { textOf } from '../../chat/message-text.ts'
import { UpstreamError } from '../../chat/errors.ts'
import { type Asked, askModel, beginAsking, lastTextOf, spansOf } from '../../testing/ask-model.ts'
import { FakeClock } from '../../testing/fake-clock.ts'
import {
  createFailingModel,
  createFakeModel,
  createSayingModel,
  type FakeModel,
  type FakeStep,
  textSteps,
} from '../../testing/fake-model.ts'
import type { MixtureDefinition } from '../mixture-definition.ts'
import { createMixture } from '../mixture.ts'
import { StageCache } from '../drafts/stage-cache.ts'

const tools = [
  { type: 'function', function: { name: 'read_file', parameters: {} } },
  { type: 'function', function: { name: 'run', parameters: {} } },
]
const user: ChatMessage = { role: 'user', content: 'Mend the test.' }
const call = (id: string): ChatMessage => ({
  role: 'assistant',
  content: null,
  tool_calls: [{ id, type: 'function', function: { name: 'run', arguments: '{"command":"npm test"}' } }],
})
const result = (id: string): ChatMessage => ({ role: 'tool', tool_call_id: id, content: '1 failed' })
const steps: readonly (readonly ChatMessage[])[] = [
  [user],
  [user, call('1'), result('1')],
  [user, call('1'), result('1'), call('2'), result('2')],
]

const callSteps = (...ids: readonly string[]): readonly FakeStep[] => [
  ...ids.map((id, index) => ({
    delta: { tool_calls: [{ index, id, type: 'function', function: { name: 'run', arguments: '{}' } }] },
  })),
  { delta: {}, finish: 'tool_calls' },
]
const acting = (): FakeModel => createFakeModel('judge', { script: () => callSteps('1', '2') })
const advising = (id: string): FakeModel => createSayingModel(id, `${id} would run the tests.`)
const down = createFailingModel('down', new UpstreamError('upstream_error', 'It is down.'))

function mixtureOf(
  workers: readonly ChatModel[],
  changes: Partial<MixtureDefinition> = {},
): ChatModel & { readonly judge: FakeModel } {
  const judge = acting()
  const mixture = createMixture({ id: 'mix', workers, aggregate: judge, ...changes }, { stageCache: new StageCache() })
  return { ...mixture, judge }
}

function ask(mixture: ChatModel, messages: readonly ChatMessage[], body: Partial<ChatBody> = {}): Promise<Asked> {
  return askModel(mixture, { body: { tools, messages, ...body } })
}

describe('a request that offers tools', () => {
  it('has the workers advise, who are given no tools and are told so', async () => {
    const a = advising('a')
    await ask(mixtureOf([a, advising('b')]), [{ role: 'system', content: 'S' }, user], { tool_choice: 'required' })
    const { messages, ...fields } = a.calls[0]?.request.body ?? { messages: [] }
    expect(fields).not.toHaveProperty('tools')
    expect(fields).not.toHaveProperty('tool_choice')
    expect(messages.map(({ role }) => role)).toEqual(['system', 'user'])
    const [, asked] = messages
    expect(asked && textOf(asked)).toMatch(
      /^Mend the test\.\n\n---\n[^]*by tools \(read_file, run\)[^]*Never claim that you have run/,
    )
  })

  it('has the aggregate act, which sees the tools and the advice behind the untouched conversation', async () => {
    const mixture = mixtureOf([advising('a'), advising('b')])
    const messages = [{ role: 'system', content: 'S' }, ...(steps[1] ?? [])]
    await ask(mixture, [messages[0] ?? user, user])
    const { answer } = await ask(mixture, messages, { tool_choice: 'auto', parallel_tool_calls: true })
    const body = mixture.judge.calls[1]?.request.body
    expect(body).toMatchObject({ tools, tool_choice: 'auto', parallel_tool_calls: true })
    expect(body?.messages.slice(0, -1)).toEqual(messages)
    expect(body?.messages.at(-1)?.role).toBe('user')
    expect(lastTextOf(mixture.judge.calls[1]?.request)).toContain('a would run the tests.')
    expect(answer.toolCalls.map(({ id }) => id)).toEqual(['1', '2'])
    expect(answer.finishReason).toBe('tool_calls')
  })

  it('hands up parallel calls by their index as they come', async () => {
    const { events } = await ask(mixtureOf([advising('a')]), [user])
    const indices = events.flatMap((event) =>
      event.type === 'chunk' ? (event.chunk.choices[0]?.delta.tool_calls ?? []).map(({ index }) => index) : [],
    )
    expect(indices).toEqual([0, 1])
  })

  it('never forwards advice, not even that of a single worker', async () => {
    const mixture = mixtureOf([advising('a')])
    const { answer, trace } = await ask(mixture, [user])
    expect(answer.text).toBe('')
    expect(mixture.judge.calls).toHaveLength(1)
    expect(trace.attributes).toMatchObject({ strategy: 'advise', model: 'judge', advice: 'made', drafts: 1 })
    await expect(ask(mixtureOf([advising('a')], { aggregate: down }), [user])).rejects.toThrow('It is down.')
  })

  it('goes to the aggregate alone where no worker has advice', async () => {
    const calling = createFakeModel('calling', { script: () => callSteps('9') })
    const mixture = mixtureOf([calling, down])
    const { answer, trace } = await ask(mixture, [user])
    expect(answer.toolCalls).toHaveLength(2)
    expect(trace.attributes).toMatchObject({ advice: 'failed', degraded: '0/2' })
    expect(mixture.judge.calls[0]?.request.body.messages).toEqual([user])
  })

  it('goes on without a worker that answers with nothing but tool calls', async () => {
    const calling = createFakeModel('calling', { script: () => callSteps('9') })
    const mixture = mixtureOf([calling, advising('a')])
    const { trace } = await ask(mixture, [user])
    expect(trace.attributes.degraded).toBe('1/2')
    expect(lastTextOf(mixture.judge.calls[0]?.request)).toContain('a would run the tests.')
    expect(spansOf(trace, 'worker')[0]?.attributes).toMatchObject({ unusable: 'only tool calls' })
  })

  it('is an ordinary one where tool_choice is none', async () => {
    const mixture = mixtureOf([advising('a'), advising('b')])
    const { trace } = await ask(mixture, [user], { tool_choice: 'none' })
    expect(trace.attributes).toMatchObject({ strategy: 'synthesize' })
    expect(mixture.judge.calls[0]?.request.body).toMatchObject({ tools, tool_choice: 'none' })
  })

  it('may offer them as functions, the older form', async () => {
    const a = advising('a')
    const functions = [{ name: 'look', parameters: {} }]
    const { trace } = await askModel(mixtureOf([a, advising('b')]), { body: { functions, messages: [user] } })
    expect(trace.attributes['strategy']).toBe('advise')
    expect(lastTextOf(a.calls[0]?.request)).toContain('by tools (look)')
  })
})

describe('advice', () => {
  it('is asked for once in a turn of the user, however many tool calls it takes', async () => {
    const workers = [advising('a'), advising('b')]
    const mixture = mixtureOf(workers)
    const advice: unknown[] = []
    for (const messages of steps) advice.push((await ask(mixture, messages)).trace.attributes['advice'])
    expect(advice).toEqual(['made', 'reused', 'reused'])
    expect(workers.map(({ calls }) => calls.length)).toEqual([1, 1])
    for (const { request } of mixture.judge.calls) expect(lastTextOf(request)).toContain('b would run the tests.')
  })

  it('is not asked for anew by what a client adds behind a result in the name of the user', async () => {
    const a = advising('a')
    const mixture = mixtureOf([a])
    await ask(mixture, [user])
    const messages = [...(steps[1] ?? []), { role: 'user', content: '<system-reminder>Keep a list.</system-reminder>' }]
    const { trace } = await ask(mixture, messages)
    expect(trace.attributes['advice']).toBe('reused')
    expect(a.calls).toHaveLength(1)
    expect(mixture.judge.calls[1]?.request.body.messages.slice(0, -1)).toEqual(steps[1])
    expect(lastTextOf(mixture.judge.calls[1]?.request)).toMatch(/^<system-reminder>[^]*a would run the tests/)
  })

  it('is asked for anew at the next turn, with what was called before in words', async () => {
    const a = advising('a')
    const mixture = mixtureOf([a])
    await ask(mixture, [user])
    await ask(mixture, [
      user,
      call('1'),
      result('1'),
      { role: 'assistant', content: 'Done.' },
      { role: 'user', content: 'And now?' },
    ])
    expect(a.calls).toHaveLength(2)
    const told = a.calls[1]?.request.body.messages.map(textOf).join('\n') ?? ''
    expect(told).toContain('[Called the tool run with {"command":"npm test"}]')
    expect(told).toContain('[Result of the tool run]\n1 failed')
  })

  it('is not asked for while tools are at work: where it is gone, the aggregate goes on alone', async () => {
    const a = advising('a')
    const mixture = mixtureOf([a])
    const { trace } = await ask(mixture, steps[1] ?? [])
    expect(a.calls).toHaveLength(0)
    expect(trace.attributes['advice']).toBe('gone')
    expect(mixture.judge.calls[0]?.request.body.messages).toEqual(steps[1])
  })

  it('lasts for half an hour after its last use', async () => {
    const clock = new FakeClock()
    const mixture = mixtureOf([advising('a')])
    const adviceAt = async (messages: readonly ChatMessage[] = []): Promise<unknown> =>
      (await askModel(mixture, { clock, body: { tools, messages } })).trace.attributes['advice']
    await adviceAt(steps[0])
    for (let step = 0; step < 3; step += 1) {
      await clock.advance(29 * 60_000)
      expect(await adviceAt(steps[1])).toBe('reused')
    }
    await clock.advance(30 * 60_000)
    expect(await adviceAt(steps[2])).toBe('gone')
    expect(clock.pending).toBe(0)
  })

  it("is its caller's alone", async () => {
    const mixture = mixtureOf([advising('a')])
    await ask(mixture, [user])
    const body = { tools, messages: steps[1] ?? [] }
    const { trace } = await askModel(mixture, { body, caller: { headers: {}, key: 'ann' } })
    expect(trace.attributes['advice']).toBe('gone')
  })

  it('costs nothing the second time', async () => {
    const mixture = mixtureOf([advising('a'), advising('b')])
    await ask(mixture, [user])
    const { trace } = await ask(mixture, steps[1] ?? [])
    expect(spansOf(trace, 'worker').map(({ attributes }) => attributes['reused'])).toEqual([true, true])
    expect(trace.attributes).toMatchObject({ advice: 'reused', drafts: 2 })
  })

  it('of every_turn is asked for at each step', async () => {
    const a = advising('a')
    const mixture = mixtureOf([a], { tools: 'every_turn' })
    for (const messages of steps) await ask(mixture, messages)
    expect(a.calls).toHaveLength(3)
    expect(lastTextOf(a.calls[2]?.request)).toMatch(/\[Result of the tool run\]\n1 failed[^]*Never claim/)
  })

  it('of a worker that is too slow is left out like any draft', async () => {
    const clock = new FakeClock()
    const slow = createFakeModel('slow', { script: () => [{ waitMs: 60_000 }, ...textSteps('Late.')] })
    const mixture = mixtureOf([advising('a'), slow], { quorum: 1, graceMs: 500 })
    const { answer, trace } = beginAsking(mixture, { clock, body: { tools, messages: [user] } })
    await clock.advance(500)
    await answer
    expect(slow.calls[0]?.outcome).toBe('aborted')
    expect(trace.attributes.degraded).toBe('1/2')
  })
})
