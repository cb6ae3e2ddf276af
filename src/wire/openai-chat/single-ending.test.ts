import { describe, expect, it } from 'vitest'
import type { ChatChunk, ChatDelta, ChunkEvent } from '../../chat/chat-event.ts'
import { SingleEnding } from './single-ending.ts'

const head = { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm' } as const
const usage = (tokens: number): ChatChunk['usage'] => ({
  prompt_tokens: 1,
  completion_tokens: tokens,
  total_tokens: tokens + 1,
})

function chunk(
  choices: readonly (readonly [index: number, delta: ChatDelta, finish?: string])[],
  more: object = {},
): ChunkEvent {
  return {
    type: 'chunk',
    chunk: {
      ...head,
      choices: choices.map(([index, delta, finish = null]) => ({ index, delta, finish_reason: finish })),
      ...more,
    },
    source: 'as it came',
  }
}

/** What of each chunk is sent on: its choices, "whole" where nothing is changed, null where it is nothing. */
function passed(...events: readonly ChunkEvent[]): unknown[] {
  const ending = new SingleEnding()
  return events.map((event) => {
    const sent = ending.pass(event)
    return sent === event ? 'whole' : (sent?.chunk.choices ?? null)
  })
}

describe('a choice that ends twice', () => {
  it('ends once: the second ending is left out', () => {
    expect(passed(chunk([[0, { content: 'a' }]]), chunk([[0, {}, 'stop']]), chunk([[0, {}, 'length']]))).toEqual([
      'whole',
      'whole',
      null,
    ])
  })

  it('loses no words that come behind its end, and does not end again with them', () => {
    expect(passed(chunk([[0, {}, 'stop']]), chunk([[0, { content: 'late' }, 'stop']]))).toEqual([
      'whole',
      [{ index: 0, delta: { content: 'late' }, finish_reason: null }],
    ])
  })

  it('does not end the others', () => {
    expect(
      passed(
        chunk([[0, {}, 'stop']]),
        chunk([[1, { content: 'b' }]]),
        chunk([
          [0, { content: '' }, 'stop'],
          [1, {}, 'stop'],
        ]),
      ),
    ).toEqual(['whole', 'whole', [{ index: 1, delta: {}, finish_reason: 'stop' }]])
  })
})

describe('usage', () => {
  it('is held to the end, the last that was told', () => {
    const ending = new SingleEnding()
    const last = chunk([], { usage: usage(9) })
    expect([ending.pass(chunk([], { usage: usage(2) })), ending.pass(last)]).toEqual([null, null])
    expect(ending.usage).toBe(last)
  })

  it('beside words stays where it is', () => {
    expect(passed(chunk([[0, { content: 'a' }]], { usage: usage(1) }))).toEqual(['whole'])
  })
})
