import { describe, expect, it } from 'vitest'
import { advanceRun, beginRun, conversationOf, draftCount, type Progress, type Run, type RunEvent } from './run.ts'

const asked = { model: 'router', question: 'Why?' }

function progress(fields: Partial<Progress>): RunEvent {
  return { type: 'progress', progress: { step: 2, stage: 'worker', name: 'a', state: 'started', at_ms: 5, ...fields } }
}

function said(text: string, kind: 'piece' | 'whole' = 'piece'): RunEvent {
  return { type: 'draft', draft: { step: 2, name: 'a', kind, text } }
}

function after(...events: readonly RunEvent[]): Run {
  return events.reduce((run, event, index) => advanceRun(run, event, 100 + index), beginRun(0, asked, 100))
}

describe('a worker of a run', () => {
  it('thinks, writes and is done, each with its moment', () => {
    const { workers } = after(
      progress({}),
      progress({ state: 'writes', at_ms: 30 }),
      said('Ro'),
      said('und'),
      progress({ state: 'done', at_ms: 90 }),
    )
    expect(workers).toEqual([
      {
        step: 2,
        parent: null,
        name: 'a',
        state: 'done',
        startedMs: 5,
        firstMs: 30,
        endedMs: 90,
        code: null,
        retries: 0,
        text: 'Round',
      },
    ])
  })

  it('begins anew where it is asked again', () => {
    const again = progress({ state: 'retried', at_ms: 40, code: 'upstream_stream_cut' })
    const { workers } = after(
      progress({}),
      progress({ state: 'writes', at_ms: 30 }),
      said('Lost'),
      again,
      said('Whole'),
    )
    expect(workers[0]).toMatchObject({
      state: 'retried',
      code: 'upstream_stream_cut',
      retries: 1,
      firstMs: null,
      text: 'Whole',
    })
  })

  it('has the draft as it is used in place of its pieces', () => {
    expect(after(progress({}), said('<think>hm</think>Yes'), said('Yes', 'whole')).workers[0]?.text).toBe('Yes')
  })

  it('says why it failed', () => {
    const { workers } = after(progress({}), progress({ state: 'failed', at_ms: 9, code: 'upstream_timeout' }))
    expect(workers[0]).toMatchObject({ state: 'failed', code: 'upstream_timeout', endedMs: 9 })
  })
})

describe('a run', () => {
  it('knows the route, the writer, the answer and what it took', () => {
    const total = { calls: 4, total_tokens: 10, cost_usd: 0.5, source: 'reported' } as const
    const run = after(
      { type: 'opened', requestId: 'req_1' },
      progress({ step: 1, stage: 'route', name: 'router' }),
      progress({ step: 0, stage: 'route', name: 'generic', state: 'chosen' }),
      progress({ step: 5, stage: 'aggregate', name: 'z' }),
      { type: 'content', text: 'Be' },
      { type: 'content', text: 'cause.' },
      { type: 'total', total },
      { type: 'ended' },
    )
    expect(run).toMatchObject({
      state: 'done',
      requestId: 'req_1',
      route: 'generic',
      answer: 'Because.',
      total,
      endedAt: 107,
    })
    expect([run.workers.length, run.aggregates.map(({ name }) => name)]).toEqual([0, ['z']])
  })

  it('stays as it ended', () => {
    const failure = { code: 'upstream_stream_cut', message: 'Cut.' }
    const run = after(
      { type: 'content', text: 'Half' },
      { type: 'failed', failure },
      { type: 'content', text: 'late' },
      { type: 'ended' },
    )
    expect(run).toMatchObject({ state: 'failed', answer: 'Half', failure, endedAt: 101 })
  })

  it('counts the drafts of its own workers, not those of a mixture among them', () => {
    const inner = progress({ step: 4, parent: 3, name: 'inner a', state: 'done' })
    const run = after(progress({ state: 'done' }), progress({ step: 3, name: 'b', state: 'failed', code: 'x' }), inner)
    expect(draftCount(run)).toEqual({ usable: 1, asked: 2 })
  })

  it('is a turn of the conversation only with its answer', () => {
    const done = after({ type: 'content', text: 'Because.' }, { type: 'ended' })
    const stopped = after({ type: 'content', text: 'Bec' }, { type: 'stopped' })
    expect(conversationOf([stopped, done])).toEqual([
      { role: 'user', content: 'Why?' },
      { role: 'assistant', content: 'Because.' },
    ])
  })
})
