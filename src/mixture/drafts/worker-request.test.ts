import { describe, expect, it } from 'vitest'
import type { ChatBody, ChatMessage } from '../../chat/chat-request.ts'
import { askModel } from '../../testing/ask-model.ts'
import { FakeClock } from '../../testing/fake-clock.ts'
import { createFakeModel, createSayingModel, textSteps } from '../../testing/fake-model.ts'
import type { MixtureDefinition, WorkerDefinition } from '../mixture-definition.ts'
import { createMixture } from '../mixture.ts'

const system = { role: 'system', content: 'Be brief.' }
const user = { role: 'user', content: 'What is 6 times 7?' }

/** The body that a worker gets. */
async function bodyFor(
  worker: Omit<WorkerDefinition, 'model'>,
  body: Partial<ChatBody> = {},
  mixture: Partial<MixtureDefinition> = {},
): Promise<ChatBody> {
  const model = createSayingModel('qwen', 'Draft.')
  const aggregate = createSayingModel('judge', '{"answer": 42}')
  const definition = { id: 'mix', description: 'Good at sums.', workers: [{ model, ...worker }], aggregate, ...mixture }
  await askModel(createMixture(definition), { body, clock: new FakeClock() })
  const asked = model.calls[0]?.request.body
  if (!asked) throw new Error('The worker was not asked.')
  return asked
}

describe('what the client asked of the answer', () => {
  it('does not reach a worker', async () => {
    const body = await bodyFor(
      {},
      {
        max_tokens: 5,
        max_completion_tokens: 5,
        stop: ['.'],
        response_format: { type: 'json_object' },
        logprobs: true,
        top_logprobs: 3,
        n: 2,
        tools: [{ type: 'function', function: { name: 'f' } }],
        tool_choice: 'none',
        parallel_tool_calls: false,
        reasoning_effort: 'high',
        reasoning: { effort: 'high' },
        stream: false,
      },
    )
    expect(body).toEqual({
      model: 'qwen',
      messages: [user],
      stream: true,
      stream_options: { include_usage: true },
    })
  })

  it('does reach it where it is about the matter, unknown fields too', async () => {
    const fields = { temperature: 0.2, top_p: 0.9, seed: 3, user: 'u1', chat_template_kwargs: { x: 1 } }
    expect(await bodyFor({}, fields)).toMatchObject(fields)
  })

  it('gives way to what the worker sets itself', async () => {
    const params = { temperature: 1, max_tokens: 800, reasoning_effort: 'low' }
    expect(await bodyFor({ params }, { temperature: 0.2, top_p: 0.9, max_tokens: 5 })).toMatchObject({
      temperature: 1,
      top_p: 0.9,
      max_tokens: 800,
      reasoning_effort: 'low',
    })
  })
})

describe('the conversation as a worker gets it', () => {
  const template = (text: string): { readonly text: string } => ({ text })

  it('is the client’s own', async () => {
    expect((await bodyFor({}, { messages: [system, user] })).messages).toEqual([system, user])
  })

  it('has the system prompt of the mixture, then that of the worker', async () => {
    const { messages } = await bodyFor(
      { label: 'quick', systemPrompt: { mode: 'append', template: template('You are {{ worker.name }}.') } },
      { messages: [system, user] },
      {
        systemPrompt: {
          mode: 'prepend',
          template: template('{{ mixture.name }}: {{ mixture.description }} {{ today }}'),
        },
      },
    )
    expect(messages).toEqual([
      { role: 'system', content: 'mix: Good at sums. 2023-11-14\n\nBe brief.\n\nYou are quick.' },
      user,
    ])
  })

  it('has its last message of the user rewritten by the template of the worker, or else of the mixture', async () => {
    const asked: readonly ChatMessage[] = [
      system,
      user,
      { role: 'assistant', content: '42' },
      { role: 'user', content: 'Sure?' },
    ]
    const own = template('As {{ worker.name }}, after:\n{{ history }}\n\n{{ question }} Think of an edge case.')
    const shared = { prompts: { worker: template('{{ question }} Step by step.') } }
    expect((await bodyFor({ template: own }, { messages: asked }, shared)).messages).toEqual([
      ...asked.slice(0, -1),
      {
        role: 'user',
        content:
          'As qwen, after:\nsystem: Be brief.\n\nuser: What is 6 times 7?\n\nassistant: 42\n\nSure? Think of an edge case.',
      },
    ])
    expect((await bodyFor({}, { messages: asked }, shared)).messages.at(-1)?.content).toBe('Sure? Step by step.')
  })

  it('keeps pictures where the words are rewritten', async () => {
    const image = { type: 'image_url', image_url: { url: 'x' } }
    const model = createFakeModel('eye', { card: { modalities: ['text', 'image'] }, script: () => textSteps('A cat.') })
    const aggregate = createSayingModel('judge', 'A cat.')
    const messages = [{ role: 'user', content: [{ type: 'text', text: 'What?' }, image] }]
    await askModel(
      createMixture({ id: 'mix', workers: [{ model, template: template('Look: {{ question }}') }], aggregate }),
      { body: { messages } },
    )
    expect(model.calls[0]?.request.body.messages).toEqual([
      { role: 'user', content: [{ type: 'text', text: 'Look: What?' }, image] },
    ])
  })

  it('holds no tool messages and no picture that it cannot see', async () => {
    const messages = [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Who is this?' },
          { type: 'image_url', image_url: { url: 'x' } },
        ],
      },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: '1', type: 'function', function: { name: 'face', arguments: '{}' } }],
      },
      { role: 'tool', tool_call_id: '1', content: 'Ada' },
      { role: 'assistant', content: 'Ada.' },
      { role: 'user', content: 'Born?' },
    ]
    const model = createSayingModel('blind', '1815')
    const aggregate = createFakeModel('eye', {
      card: { modalities: ['text', 'image'] },
      script: () => textSteps('1815'),
    })
    const mixture = createMixture({ id: 'mix', workers: [model, model], aggregate, modality: 'describe' })
    await askModel(mixture, { body: { messages } })
    expect(model.calls[0]?.request.body.messages).toEqual([
      { role: 'user', content: 'Who is this?\n[Here the message holds an image that you cannot open.]' },
      { role: 'assistant', content: '[Called the tool face with {}]' },
      { role: 'user', content: '[Result of the tool face]\nAda' },
      { role: 'assistant', content: 'Ada.' },
      { role: 'user', content: 'Born?' },
    ])
    expect(aggregate.calls[0]?.request.body.messages.slice(0, -1)).toEqual(messages.slice(0, -1))
  })

  it('is never told of the options that were meant for the mixture', async () => {
    const inner = createSayingModel('inner', 'Draft.')
    const aggregate = createSayingModel('judge', 'Answer.')
    await askModel(createMixture({ id: 'mix', workers: [inner, inner], aggregate }), {
      options: { strategy: 'synthesize', quorum: 2, mixture: 'mix' },
    })
    expect(inner.calls[0]?.request.options).toEqual({})
    expect(aggregate.calls[0]?.request.options).toEqual({})
  })
})
