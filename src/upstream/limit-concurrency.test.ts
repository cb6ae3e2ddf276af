import { describe, expect, it } from 'vitest'
import { createChatRequest } from '../chat/chat-request.ts'
import { CancelledError } from '../chat/errors.ts'
import { FakeClock, settlePromises } from '../testing/fake-clock.ts'
import { createFailingModel, createFakeModel, createSayingModel, textSteps } from '../testing/fake-model.ts'
import { createCallContext } from '../trace/call-context.ts'
import { limitConcurrency } from './limit-concurrency.ts'

const request = createChatRequest({ model: 'm', messages: [{ role: 'user', content: 'Hi' }], stream: true })

async function drain(events: AsyncIterable<unknown>): Promise<string> {
  for await (const _event of events);
  return 'ok'
}

describe('limitConcurrency', () => {
  it('lets so many calls run at a time, over all models that it wraps, first come first served', async () => {
    const clock = new FakeClock()
    const order: string[] = []
    const limit = limitConcurrency(2)
    const [a, b] = ['a', 'b'].map((id) =>
      limit(createFakeModel(id, { script: () => (order.push(id), [{ waitMs: 10 }, ...textSteps('x')]) })),
    )
    if (!a || !b) throw new Error('two models')
    const calls = [a, b, b, a].map((model) => drain(model.chat(request, createCallContext({ clock }))))
    await settlePromises()
    expect(order).toEqual(['a', 'b'])
    await clock.advance(10)
    expect(order).toEqual(['a', 'b', 'b', 'a'])
    await clock.advance(10)
    expect(await Promise.all(calls)).toEqual(['ok', 'ok', 'ok', 'ok'])
  })

  it('frees the place of a call that fails or whose reader leaves', async () => {
    const limit = limitConcurrency(1)
    await expect(
      drain(limit(createFailingModel('m', new CancelledError())).chat(request, createCallContext())),
    ).rejects.toThrow()
    for await (const _event of limit(createSayingModel('m', 'Hello')).chat(request, createCallContext())) break
    expect(await drain(limit(createSayingModel('m', 'Hello')).chat(request, createCallContext()))).toBe('ok')
  })

  it('lets a waiting caller leave the line', async () => {
    const clock = new FakeClock()
    const limited = limitConcurrency(1)(createFakeModel('m', { script: () => [{ waitMs: 10 }, ...textSteps('x')] }))
    const leave = new AbortController()
    const first = drain(limited.chat(request, createCallContext({ clock })))
    const second = drain(limited.chat(request, createCallContext({ clock, signal: leave.signal })))
    const third = drain(limited.chat(request, createCallContext({ clock })))
    await settlePromises()
    leave.abort(new CancelledError())
    await expect(second).rejects.toMatchObject({ code: 'client_closed' })
    await clock.advance(30)
    expect(await Promise.all([first, third])).toEqual(['ok', 'ok'])
  })
})
