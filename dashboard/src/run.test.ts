import { describe, expect, it } from 'vitest'
import {
  advanceRun,
  beginRun,
  draftCount,
  isWholeDraft,
  type Progress,
  sparedIn,
  type Run,
  type RunEvent,
  writerOf,
} from './run.ts'

const asked = { model: 'router', aggregate: null }

function progress(fields: Partial<Progress>): RunEvent {
  return { type: 'progress', progress: { step: 2, stage: 'worker', name: 'a', state: 'started', at_ms: 5, ...fields } }
}

function said(text: string, kind: 'piece' | 'whole' = 'piece', step = 2): RunEvent {
  return { type: 'draft', draft: { step, name: 'a', kind, text } }
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
        retried: [],
        text: 'Round',
        hasDraft: false,
        isReused: false,
        isAnswer: false,
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
      retried: ['upstream_stream_cut'],
      firstMs: null,
      text: 'Whole',
    })
  })

  it('has the draft as it is used in place of its pieces', () => {
    const [worker] = after(progress({}), said('<think>hm</think>Yes'), said('Yes', 'whole')).workers
    expect(worker).toMatchObject({ text: 'Yes', hasDraft: true })
  })

  it('has a whole draft once it is done, and none where it was cut off or has none to use', () => {
    const done = progress({ state: 'done' })
    const drafts = [
      [done, said('Yes', 'whole')],
      [progress({ state: 'stopped' }), said('Ye', 'whole')],
      [said('Y'), done],
    ]
    expect(drafts.map((events) => after(progress({}), ...events).workers.map(isWholeDraft))).toEqual([
      [true],
      [false],
      [false],
    ])
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
      progress({ step: 4, stage: 'route', name: 'of a router among the workers', state: 'chosen' }),
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
      endedAt: 108,
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
    const failed = progress({ step: 3, name: 'b', state: 'failed', code: 'x' })
    const run = after(progress({ state: 'done' }), said('Yes', 'whole'), failed, inner, said('No', 'whole', 4))
    expect(draftCount(run)).toEqual({ usable: 1, asked: 2 })
  })

  it('is written by its aggregate, or by the worker whose draft is the answer', () => {
    const worker = progress({ state: 'done' })
    const broken = progress({ step: 3, stage: 'aggregate', name: 'y', state: 'failed', code: 'x' })
    const aggregate = progress({ step: 4, stage: 'aggregate', name: 'z' })
    const inner = progress({ step: 5, parent: 2, stage: 'aggregate', name: 'inner z' })
    expect(writerOf(after(worker, broken, inner))).toBeUndefined()
    expect(writerOf(after(worker, broken, aggregate, inner))?.name).toBe('z')
    expect(writerOf(after(worker, aggregate, progress({ state: 'chosen' })))?.name).toBe('a')
  })
})

describe('drafts', () => {
  const kept = (step: number): RunEvent => progress({ step, state: 'done', reused: true })
  const asked = progress({ step: 9, name: 'b', state: 'done' })
  const ended: RunEvent = { type: 'ended' }

  const again = (...events: readonly RunEvent[]): Run => ({
    ...after(...events),
    asked: { model: 'generic', aggregate: 'z' },
  })
  const aggregate = progress({ step: 10, stage: 'aggregate', name: 'z' })

  it('were kept or asked for, which is said once it is known', () => {
    expect([after(kept(2)), after(ended), after(asked, ended)].map(sparedIn)).toEqual([[], [], []])
    expect(sparedIn(after(kept(2), kept(3), ended))).toEqual(['The drafts were kept: no worker was asked again.'])
    expect(sparedIn(after(kept(2), asked, aggregate))).toEqual(['1 of 2 drafts were kept; asked again: b.'])
    expect(sparedIn(again(asked, aggregate))).toEqual(['No draft was kept: the workers were asked again.'])
  })

  it('may need no aggregate, which is said where one was named', () => {
    const unasked = 'No aggregate was asked: the drafts have decided.'
    expect(sparedIn(again(kept(2), ended))).toContain(unasked)
    expect(sparedIn(after(kept(2), ended))).not.toContain(unasked)
    expect(sparedIn(again(kept(2), aggregate, ended))).not.toContain(unasked)
  })
})
