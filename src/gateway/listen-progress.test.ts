import { describe, expect, it } from 'vitest'
import { FakeClock } from '../testing/fake-clock.ts'
import { createTrace, type Trace } from '../trace/trace.ts'
import type { Progress } from '../wire/progress.ts'
import { listenProgress } from './listen-progress.ts'

function listened(): {
  readonly trace: Trace
  readonly told: Progress[]
  readonly stop: () => void
  readonly clock: FakeClock
} {
  const clock = new FakeClock()
  const trace = createTrace('r', clock)
  const told: Progress[] = []
  return { trace, told, clock, stop: listenProgress(trace, (progress) => told.push(progress)) }
}

describe('listenProgress', () => {
  it('tells the steps of a worker, each once, with their moments', async () => {
    const { trace, told, clock } = listened()
    const worker = trace.root.child('worker', 'a')
    await clock.advance(100)
    worker.note('first_content')
    worker.note('retry')
    worker.note('first_content')
    await clock.advance(50)
    worker.end('ok')
    const step = { stage: 'worker', name: 'a' }
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

  it('tells the route that was chosen', () => {
    const { trace, told } = listened()
    trace.root.note('route', { route: 'generic', routeSource: 'scorer' })
    expect(told).toEqual([{ stage: 'route', name: 'generic', state: 'chosen', atMs: 0 }])
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
