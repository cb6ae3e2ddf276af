import { describe, expect, it } from 'vitest'
import type { ChatEvent } from './chat-event.ts'
import { CancelledError, UpstreamError } from './errors.ts'
import { type EventTap, tapEvents } from './tap-events.ts'

const chunk = (content: string): ChatEvent => ({
  type: 'chunk',
  chunk: {
    id: 'c',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm',
    choices: [{ index: 0, delta: { content }, finish_reason: null }],
  },
})
const end: ChatEvent = { type: 'end', usage: null }

async function* said(...events: readonly ChatEvent[]): AsyncGenerator<ChatEvent> {
  await Promise.resolve()
  yield* events
}

async function* failing(error: Error): AsyncGenerator<ChatEvent> {
  yield chunk('a')
  await Promise.resolve()
  throw error
}

async function gather(events: AsyncIterable<ChatEvent>): Promise<ChatEvent[]> {
  const gathered: ChatEvent[] = []
  for await (const event of events) gathered.push(event)
  return gathered
}

/** A tap that writes down what it hears. */
function listening(events: AsyncIterable<ChatEvent>, heard: unknown[]): EventTap {
  return {
    events,
    wait: () => heard.push('wait'),
    pass: (event) => {
      heard.push(event.type)
      return event
    },
    close: (error) => heard.push(error),
  }
}

describe('a tap', () => {
  it('hands on the events as they are', async () => {
    expect(await gather(tapEvents(() => ({ events: said(chunk('a'), chunk('b'), end) })))).toEqual([
      chunk('a'),
      chunk('b'),
      end,
    ])
  })

  it('hands on what it puts in the place of an event', async () => {
    const pass = (event: ChatEvent): ChatEvent => (event === end ? { ...end } : event)
    const events = await gather(tapEvents(() => ({ events: said(chunk('a'), end), pass })))
    expect(events[0]).toEqual(chunk('a'))
    expect(events[1]).not.toBe(end)
  })

  it('begins when it is first asked, not before', async () => {
    let begun = 0
    const events = tapEvents(() => {
      begun += 1
      return { events: said(end) }
    })
    expect(begun).toBe(0)
    await events.next()
    await events.next()
    expect(begun).toBe(1)
  })

  it('begins in the tick in which it is asked', () => {
    let begun = 0
    void tapEvents(() => {
      begun += 1
      return { events: said(end) }
    }).next()
    expect(begun).toBe(1)
  })

  it('waits for a beginning that takes time', async () => {
    expect(await gather(tapEvents(() => Promise.resolve({ events: said(end) })))).toEqual([end])
  })

  it('hears of each wait, each event and, once, of the end', async () => {
    const heard: unknown[] = []
    const events = tapEvents(() => listening(said(chunk('a'), end), heard))
    await gather(events)
    await events.return?.()
    expect(heard).toEqual(['wait', 'chunk', 'wait', 'end', 'wait', null])
  })

  it('hears of a failure, which goes on to the reader', async () => {
    const heard: unknown[] = []
    const error = new UpstreamError('upstream_reset', 'gone')
    await expect(gather(tapEvents(() => listening(failing(error), heard)))).rejects.toBe(error)
    expect(heard.at(-1)).toBe(error)
  })

  it('fails where it cannot begin, and has nothing to close', async () => {
    const error = new UpstreamError('upstream_unreachable', 'nobody there')
    const events = tapEvents(() => Promise.reject(error))
    await expect(events.next()).rejects.toBe(error)
    expect(await events.next()).toEqual({ done: true, value: undefined })
  })

  it('lets go of the stream when its reader leaves', async () => {
    const heard: unknown[] = []
    let isReleased = false
    async function* endless(): AsyncGenerator<ChatEvent> {
      try {
        for (;;) yield await Promise.resolve(chunk('a'))
      } finally {
        isReleased = true
      }
    }
    for await (const event of tapEvents(() => listening(endless(), heard))) {
      expect(event.type).toBe('chunk')
      break
    }
    expect(isReleased).toBe(true)
    expect(heard.at(-1)).toBeInstanceOf(CancelledError)
  })

  it('asks nobody when its reader leaves before the first event', async () => {
    let begun = 0
    const events = tapEvents(() => {
      begun += 1
      return { events: said(end) }
    })
    await events.return?.()
    expect(await events.next()).toEqual({ done: true, value: undefined })
    expect(begun).toBe(0)
  })
})
