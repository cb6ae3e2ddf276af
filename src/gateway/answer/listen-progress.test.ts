import { describe, expect, it } from 'vitest'
import { holdText } from '../../chat/held-text.ts'
import { FakeClock } from '../../testing/fake-clock.ts'
import { createTrace, type Trace } from '../../trace/trace.ts'
import type { DraftText, Progress } from '../../wire/progress.ts'
import { listenProgress } from './listen-progress.ts'

function listened(): {
  readonly trace: Trace
  readonly told: Progress[]
  readonly drafts: DraftText[]
  readonly stop: () => void
  readonly clock: FakeClock
} {
  const clock = new FakeClock()
  const trace = createTrace('r', clock)
  const told: Progress[] = []
  const drafts: DraftText[] = []
  const listener = {
    progress: (progress: Progress) => void told.push(progress),
    draft: (draft: DraftText) => void drafts.push(draft),
  }
  return { trace, told, drafts, clock, stop: listenProgress(trace, listener) }
}

describe('listenProgress', () => {
  it('tells the steps of a worker, each once, with their moments', async () => {
    const { trace, told, clock } = listened()
    const worker = trace.root.child('worker', 'a')
    await clock.advance(100)
    worker.note('first_content')
    worker.note('first_content')
    await clock.advance(50)
    worker.end('ok')
    const step = { step: 1, stage: 'worker', name: 'a' }
    expect(told).toEqual([
      { ...step, state: 'started', atMs: 0 },
      { ...step, state: 'writes', atMs: 100 },
      { ...step, state: 'done', atMs: 150 },
    ])
  })

  it('tells a failure with its code, and a call that was ended from one that failed', () => {
    const { trace, told } = listened()
    trace.root.child('worker', 'a').end('upstream_reset')
    trace.root.child('worker', 'b').end('client_closed')
    expect(told.slice(1)).toMatchObject([
      { name: 'a', state: 'failed', code: 'upstream_reset' },
      { name: 'b', state: 'started' },
      { name: 'b', state: 'stopped' },
    ])
  })

  it('tells each time that a worker is asked again, and why', () => {
    const { trace, told } = listened()
    const worker = trace.root.child('worker', 'a')
    for (const code of ['upstream_reset', 'upstream_stream_cut']) worker.note('retry', { code })
    expect(told.slice(1)).toMatchObject([
      { state: 'retried', code: 'upstream_reset' },
      { state: 'retried', code: 'upstream_stream_cut' },
    ])
  })

  it('tells of a draft that was kept, and of one that is the answer', () => {
    const { trace, told } = listened()
    const worker = trace.root.child('worker', 'a')
    worker.set({ reused: true })
    worker.end('ok')
    worker.note('draft_forwarded')
    expect(told.slice(1)).toMatchObject([
      { step: 1, state: 'done', reused: true },
      { step: 1, stage: 'worker', name: 'a', state: 'chosen' },
    ])
  })

  it('tells of what step a step is part', () => {
    const { trace, told } = listened()
    const outer = trace.root.child('worker', 'outer')
    outer.child('mixture', 'inner').child('worker', 'a')
    expect(told).toMatchObject([
      { step: 1, name: 'outer' },
      { step: 3, parent: 1, name: 'a' },
    ])
    expect(told[0]).not.toHaveProperty('parent')
  })

  it('tells what workers write, piece by piece and whole', () => {
    const { trace, told, drafts } = listened()
    const worker = trace.root.child('worker', 'a')
    worker.say('Round ')
    worker.say('wheels.')
    worker.draft(holdText('Round wheels.'))
    const of = { step: 1, name: 'a' }
    expect(drafts).toEqual([
      { ...of, kind: 'piece', text: 'Round ' },
      { ...of, kind: 'piece', text: 'wheels.' },
      { ...of, kind: 'whole', text: 'Round wheels.' },
    ])
    expect(told).toHaveLength(1)
  })

  it('tells the route that was chosen', () => {
    const { trace, told } = listened()
    trace.root.note('route', { route: 'generic', routeSource: 'scorer' })
    expect(told).toEqual([{ step: 0, stage: 'route', name: 'generic', state: 'chosen', atMs: 0 }])
  })

  it('is silent about the request itself and its calls, and once it is stopped', () => {
    const { trace, told, stop } = listened()
    trace.root.note('first_content')
    trace.root.child('call', 'x').end('ok')
    stop()
    trace.root.child('worker', 'late').end('ok')
    trace.root.end('ok')
    expect(told).toEqual([])
  })
})
