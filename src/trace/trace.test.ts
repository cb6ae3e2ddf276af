import { describe, expect, it } from 'vitest'
import { FakeClock } from '../testing/fake-clock.ts'
import { ledgerRow } from '../testing/ledger-row.ts'
import { createTrace } from './trace.ts'

const row = ledgerRow()

describe('a trace', () => {
  it('keeps spans as a tree, with times since its start', async () => {
    const clock = new FakeClock()
    const trace = createTrace('req_1', clock)
    await clock.advance(10)
    const worker = trace.root.child('worker', 'Draft 1')
    await clock.advance(5)
    worker.end('ok')
    expect(trace.spans()).toMatchObject([
      { id: 0, parent: null, stage: 'request', startedMs: 0, endedMs: null },
      { id: 1, parent: 0, stage: 'worker', name: 'Draft 1', startedMs: 10, endedMs: 15, outcome: 'ok' },
    ])
  })

  it('closes a span once: a late failure does not overwrite how it ended', () => {
    const trace = createTrace('req_1', new FakeClock())
    trace.root.end('ok')
    trace.root.end('upstream_error')
    expect(trace.spans()[0]?.outcome).toBe('ok')
  })

  it('sums every row at or below a span', () => {
    const trace = createTrace('req_1', new FakeClock())
    const worker = trace.root.child('worker', 'a')
    worker.child('call', 'a').record(row)
    trace.root.child('aggregate', 'b').record({ ...row, costUsd: 0.25 })
    expect(worker.total()).toMatchObject({ calls: 1, costUsd: 0.5 })
    expect(trace.root.total()).toEqual({
      calls: 2,
      promptTokens: 20,
      completionTokens: 10,
      cachedTokens: 4,
      reasoningTokens: 2,
      costUsd: 0.75,
      source: 'reported',
    })
    expect(trace.ledger()).toHaveLength(2)
  })

  it('numbers the calls to a model within a step', () => {
    const trace = createTrace('req_1', new FakeClock())
    const [worker, other] = [trace.root.child('worker', 'a'), trace.root.child('worker', 'a')]
    for (const requested of ['a', 'b', 'a']) worker.record({ ...row, requested })
    other.record(row)
    expect(trace.ledger().map(({ requested, attempt }) => [requested, attempt])).toEqual([
      ['a', 1],
      ['b', 1],
      ['a', 2],
      ['a', 1],
    ])
  })

  it('does not know the cost of a sum in which one cost is unknown, and names the weakest source', () => {
    const trace = createTrace('req_1', new FakeClock())
    trace.root.record(row)
    trace.root.record({ ...row, costUsd: null, source: 'estimated' })
    expect(trace.root.total()).toMatchObject({ costUsd: null, source: 'estimated' })
    trace.root.record({ ...row, usage: null, source: 'missing' })
    expect(trace.root.total().source).toBe('missing')
  })

  it('tells listeners what happens, until they leave', () => {
    const trace = createTrace('req_1', new FakeClock())
    const heard: string[] = []
    const stop = trace.listen((event) => heard.push(`${event.type} ${event.span.name}`))
    const span = trace.root.child('worker', 'a')
    span.note('first_content')
    span.end('ok')
    stop()
    trace.root.child('worker', 'b')
    expect(heard).toEqual(['started a', 'note a', 'ended a'])
  })

  it('lays attributes over each other', () => {
    const trace = createTrace('req_1', new FakeClock())
    trace.root.set({ route: 'generic', model: 'a' })
    trace.root.set({ model: 'b' })
    expect(trace.attributes).toEqual({ route: 'generic', model: 'b' })
  })
})
