import { describe, expect, it } from 'vitest'
import { createChatRequest } from '../chat/chat-request.ts'
import type { ChatEvent } from '../chat/chat-event.ts'
import { CancelledError, UpstreamError } from '../chat/errors.ts'
import { estimateTokens } from '../chat/estimate-tokens.ts'
import { describeChatModelContract } from '../testing/chat-model-contract.ts'
import { FakeClock, settlePromises } from '../testing/fake-clock.ts'
import { createFailingModel, createFakeModel, createSayingModel, type FakeModel } from '../testing/fake-model.ts'
import { createCallContext } from './call-context.ts'
import { recordCalls } from './record-calls.ts'
import { createTrace } from './trace.ts'

const request = createChatRequest({ model: 'm', messages: [{ role: 'user', content: 'Hello?' }], stream: true })
const usage = { prompt_tokens: 1_000_000, completion_tokens: 500_000, total_tokens: 1_500_000 }

async function drain(events: AsyncIterable<ChatEvent>): Promise<ChatEvent[]> {
  const all: ChatEvent[] = []
  for await (const event of events) all.push(event)
  return all
}

async function record(
  model: FakeModel,
  budget = {},
): Promise<{ trace: ReturnType<typeof createTrace>; events: ChatEvent[] }> {
  const clock = new FakeClock()
  const trace = createTrace('t', clock)
  const events = await drain(recordCalls(model).chat(request, createCallContext({ trace, clock, budget }))).catch(
    () => [],
  )
  return { trace, events }
}

describe('recordCalls', () => {
  it('writes what the upstream reports, with its price', async () => {
    const priced = createFakeModel('m', {
      card: { price: { input: 2, output: 4 } },
      usage,
      script: () => [{ delta: { content: 'Hi' } }],
    })
    const { trace, events } = await record(priced)
    expect(trace.ledger()).toMatchObject([
      {
        stage: 'request',
        requested: 'm',
        resolved: 'm',
        outcome: 'ok',
        source: 'reported',
        costUsd: 4,
        firstContentMs: 0,
      },
    ])
    expect(events.at(-1)).toMatchObject({ type: 'end', usage, total: { calls: 1, costUsd: 4 } })
  })

  it('estimates what the upstream does not report, and says so', async () => {
    const { trace } = await record(createSayingModel('m', 'Hello!'))
    expect(trace.ledger()).toMatchObject([
      {
        source: 'estimated',
        usage: { promptTokens: estimateTokens('Hello?'), completionTokens: estimateTokens('Hello!') },
        costUsd: null,
      },
    ])
  })

  it('writes a row for a call that failed before it said anything', async () => {
    const { trace } = await record(createFailingModel('m', new UpstreamError('upstream_reset', 'gone')))
    expect(trace.ledger()).toMatchObject([
      {
        outcome: 'upstream_reset',
        source: 'missing',
        usage: null,
        costUsd: null,
        resolved: null,
        firstContentMs: null,
      },
    ])
  })

  it('knows that a call has cost nothing which reached nobody', async () => {
    const { trace } = await record(createFailingModel('m', new UpstreamError('upstream_unreachable', 'nobody')))
    expect(trace.ledger()).toMatchObject([{ costUsd: 0, usage: null }])
  })

  it('writes the status of an answer that was an error', async () => {
    const { trace } = await record(
      createFailingModel('m', new UpstreamError('upstream_error', 'busy', { status: 503 })),
    )
    expect(trace.ledger()).toMatchObject([{ outcome: 'upstream_error', status: 503, attempt: 1, costUsd: 0 }])
    const good = await record(createSayingModel('m', 'Hello!'))
    expect(good.trace.ledger()).toMatchObject([{ outcome: 'ok', status: null }])
  })

  it('writes a row for a call whose reader left', async () => {
    const clock = new FakeClock()
    const trace = createTrace('t', clock)
    for await (const event of recordCalls(createSayingModel('m', 'a long text')).chat(
      request,
      createCallContext({ trace, clock }),
    )) {
      if (event.type === 'chunk' && event.chunk.choices[0]?.delta.content) break
    }
    expect(trace.ledger()).toMatchObject([{ outcome: 'client_closed', source: 'estimated' }])
  })

  it('counts all of a long answer', async () => {
    const { trace } = await record(createSayingModel('m', '123 '.repeat(6000)))
    expect(trace.ledger()).toMatchObject([{ source: 'estimated', usage: { completionTokens: 6000 } }])
  })

  it('estimates what a call that was stopped had written by then, thoughts and tool calls too', async () => {
    const clock = new FakeClock()
    const trace = createTrace('t', clock)
    const controller = new AbortController()
    const call = { index: 0, id: 'c', type: 'function', function: { name: 'add', arguments: '{"a":1}' } }
    const model = createFakeModel('m', {
      card: { price: { input: 1_000_000, output: 1_000_000 } },
      script: () => [
        { delta: { reasoning_content: 'Hm.' } },
        { delta: { content: 'Yes' } },
        { delta: { tool_calls: [call] } },
        { hang: true },
      ],
    })
    const context = createCallContext({ trace, clock, signal: controller.signal })
    const ended = drain(recordCalls(model).chat(request, context)).catch(() => [])
    await settlePromises()
    controller.abort(new CancelledError())
    await ended
    const promptTokens = estimateTokens('Hello?')
    const completionTokens = estimateTokens('Hm.Yes{"a":1}')
    expect(trace.ledger()).toMatchObject([
      {
        outcome: 'client_closed',
        source: 'estimated',
        usage: { promptTokens, completionTokens },
        costUsd: promptTokens + completionTokens,
      },
    ])
  })

  it('writes one row for an aborted call', async () => {
    const clock = new FakeClock()
    const trace = createTrace('t', clock)
    const controller = new AbortController()
    const hanging = createFakeModel('m', { script: () => [{ hang: true }] })
    const ended = drain(
      recordCalls(hanging).chat(request, createCallContext({ trace, clock, signal: controller.signal })),
    )
    controller.abort(new CancelledError())
    await expect(ended).rejects.toMatchObject({ code: 'client_closed' })
    expect(trace.ledger()).toMatchObject([{ outcome: 'client_closed' }])
  })

  it('makes no call for which the budget has no room', async () => {
    const model = createSayingModel('m', 'Hi')
    const { trace } = await record(model, { maxCalls: 0 })
    expect(model.calls).toHaveLength(0)
    expect(trace.ledger()).toHaveLength(0)
  })
})

describeChatModelContract('a recorded model', {
  answering: () => recordCalls(createSayingModel('m', 'It is 42.')),
  failing: () => recordCalls(createFailingModel('m', new UpstreamError('upstream_error', 'broken'))),
  hanging: () => recordCalls(createFakeModel('m', { script: () => [{ hang: true }] })),
})
