import { describe, expect, it } from 'vitest'
import type { ChatEvent } from './chat-event.ts'
import { resumeEvents } from './resume-events.ts'

const end: ChatEvent = { type: 'end', usage: null }
const completion: ChatEvent = {
  type: 'completion',
  completion: { id: 'c', object: 'chat.completion', created: 1, model: 'm', choices: [] },
}

async function gather(events: AsyncIterable<ChatEvent>): Promise<ChatEvent[]> {
  const gathered: ChatEvent[] = []
  for await (const event of events) gathered.push(event)
  return gathered
}

describe('a stream that is known in part', () => {
  it('gives what is known, then the rest', async () => {
    async function* rest(): AsyncGenerator<ChatEvent> {
      yield await Promise.resolve(end)
    }
    expect(await gather(resumeEvents([completion], rest()))).toEqual([completion, end])
  })

  it('ends where nothing is left', async () => {
    expect(await gather(resumeEvents([completion, end]))).toEqual([completion, end])
  })

  it('gives nothing more once its reader has left, and lets go of the rest', async () => {
    let isReleased = false
    async function* rest(): AsyncGenerator<ChatEvent> {
      try {
        for (;;) yield await Promise.resolve(end)
      } finally {
        isReleased = true
      }
    }
    const events = resumeEvents([completion, completion], rest())
    const iterator = events[Symbol.asyncIterator]()
    await iterator.next()
    await iterator.next()
    await iterator.next()
    await iterator.return?.()
    expect(isReleased).toBe(true)
    expect((await iterator.next()).done).toBe(true)
  })
})
