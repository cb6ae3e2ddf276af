import { describe, expect, it } from 'vitest'
import { FakeClock, settlePromises } from '../testing/fake-clock.ts'
import { createFakeModel, createSayingModel, type FakeModel, type FakeStep } from '../testing/fake-model.ts'
import { createCallContext } from '../trace/call-context.ts'
import type { ChatEvent } from './chat-event.ts'
import { createChatRequest } from './chat-request.ts'
import type { DeadlineLimits } from './deadline.ts'
import { withinDeadline } from './within-deadline.ts'

const request = createChatRequest({ model: 'm', messages: [{ role: 'user', content: 'Hi' }], stream: true })
const word = (content: string): FakeStep => ({ delta: { content } })

interface Run {
  readonly clock: FakeClock
  readonly model: FakeModel
  readonly outcome: Promise<string>
}

function run(steps: readonly FakeStep[], limits: DeadlineLimits): Run {
  const clock = new FakeClock()
  const model = createFakeModel('slow', { script: () => steps })
  const events = withinDeadline(model).chat(request, createCallContext({ clock, limits }))
  const outcome = drain(events).then(
    (count) => `ok ${count}`,
    (error: unknown) => (error as { code: string }).code,
  )
  return { clock, model, outcome }
}

async function drain(events: AsyncIterable<ChatEvent>): Promise<number> {
  let count = 0
  for await (const _event of events) count += 1
  return count
}

describe('withinDeadline', () => {
  it('lets a model that is in time answer, and leaves no alarm behind', async () => {
    const { clock, outcome } = run([{ waitMs: 900 }, word('a'), { waitMs: 900 }, word('b')], {
      firstContentMs: 1000,
      idleMs: 1000,
    })
    await clock.advance(1800)
    expect(await outcome).toBe('ok 3')
    expect(clock.pending).toBe(0)
  })

  it('ends a call without content at the first-content limit', async () => {
    const { clock, model, outcome } = run([{ hang: true }], { firstContentMs: 1000 })
    await clock.advance(1000)
    expect(await outcome).toBe('upstream_timeout')
    expect(model.calls[0]?.outcome).toBe('aborted')
  })

  it('does not take empty chunks for content', async () => {
    const steps = Array.from({ length: 20 }, (): FakeStep[] => [{ waitMs: 100 }, { delta: {} }]).flat()
    const { clock, outcome } = run(steps, { firstContentMs: 1000 })
    await clock.advance(1000)
    expect(await outcome).toBe('upstream_timeout')
  })

  it('ends a call that falls silent at the idle limit', async () => {
    const { clock, outcome } = run([word('a'), { waitMs: 500 }, word('b'), { hang: true }], {
      firstContentMs: 100,
      idleMs: 1000,
    })
    await clock.advance(1499)
    await clock.advance(1)
    expect(await outcome).toBe('upstream_idle_timeout')
  })

  it('ends a call at the total limit although content flows', async () => {
    const steps = Array.from({ length: 20 }, (): FakeStep[] => [{ waitMs: 100 }, word('a')]).flat()
    const { clock, outcome } = run(steps, { idleMs: 1000, totalMs: 1000 })
    await clock.advance(1000)
    expect(await outcome).toBe('upstream_timeout')
  })

  it('does not count the time that its reader takes', async () => {
    const clock = new FakeClock()
    const model = createSayingModel('fast', 'one two three four')
    const events = withinDeadline(model).chat(
      request,
      createCallContext({ clock, limits: { firstContentMs: 10, idleMs: 10 } }),
    )
    let count = 0
    for await (const event of events) {
      if (event.type === 'chunk') count += 1
      await clock.advance(1000)
    }
    expect(count).toBeGreaterThan(2)
  })

  it("ends with its parent, for the parent's reason", async () => {
    const clock = new FakeClock()
    const controller = new AbortController()
    const model = createFakeModel('slow', { script: () => [{ hang: true }] })
    const events = withinDeadline(model).chat(request, createCallContext({ clock, signal: controller.signal }))
    const outcome = drain(events).catch((error: unknown) => (error as { code: string }).code)
    await settlePromises()
    controller.abort(new Error('gone'))
    expect(await outcome).toBe('client_closed')
  })
})
