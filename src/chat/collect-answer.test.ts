import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ChatChunk, ChatDelta, ChatEvent } from './chat-event.ts'
import { collectAnswer } from './collect-answer.ts'

const end: ChatEvent = { type: 'end', usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 } }

function chunk(delta: ChatDelta, fields: Partial<ChatChunk['choices'][number]> = {}): ChatEvent {
  return {
    type: 'chunk',
    chunk: {
      id: 'chatcmpl-1',
      object: 'chat.completion.chunk',
      created: 7,
      model: 'm',
      system_fingerprint: 'fp',
      choices: [{ index: 0, delta, finish_reason: null, ...fields }],
    },
  }
}

async function* eventsOf(...events: ChatEvent[]): AsyncGenerator<ChatEvent> {
  await Promise.resolve()
  yield* events
}

describe('collectAnswer', () => {
  it('joins the text of all chunks and keeps the finish reason', async () => {
    const answer = await collectAnswer(
      eventsOf(
        chunk({ role: 'assistant', content: '' }),
        chunk({ content: 'Hel' }),
        chunk({ content: 'lo' }),
        chunk({}, { finish_reason: 'stop' }),
        end,
      ),
    )
    expect(answer.text).toBe('Hello')
    expect(answer.finishReason).toBe('stop')
    expect(answer.completion).toEqual({
      id: 'chatcmpl-1',
      object: 'chat.completion',
      created: 7,
      model: 'm',
      system_fingerprint: 'fp',
      choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
    })
  })

  it('joins reasoning under the name that the upstream gave it', async () => {
    const answer = await collectAnswer(
      eventsOf(chunk({ reasoning: 'a' }), chunk({ reasoning: 'b', content: 'x' }), end),
    )
    expect(answer.reasoning).toBe('ab')
    expect(answer.text).toBe('x')
  })

  it('joins tool calls by index, also when they come interleaved', async () => {
    const answer = await collectAnswer(
      eventsOf(
        chunk({ tool_calls: [{ index: 0, id: 'a', type: 'function', function: { name: 'f', arguments: '' } }] }),
        chunk({ tool_calls: [{ index: 1, id: 'b', type: 'function', function: { name: 'g', arguments: '{"y"' } }] }),
        chunk({ tool_calls: [{ index: 0, function: { arguments: '{"x":1}' } }] }),
        chunk({ tool_calls: [{ index: 1, function: { arguments: ':2}' } }] }),
        chunk({}, { finish_reason: 'tool_calls' }),
        end,
      ),
    )
    expect(answer.toolCalls).toEqual([
      { id: 'a', type: 'function', function: { name: 'f', arguments: '{"x":1}' } },
      { id: 'b', type: 'function', function: { name: 'g', arguments: '{"y":2}' } },
    ])
    expect(answer.completion.choices[0]?.message.content).toBeNull()
  })

  it('keeps several choices apart', async () => {
    const answer = await collectAnswer(eventsOf(chunk({ content: 'A' }), chunk({ content: 'B' }, { index: 1 }), end))
    expect(answer.completion.choices.map((choice) => choice.message.content)).toEqual(['A', 'B'])
  })

  it('joins the token list of logprobs', async () => {
    const answer = await collectAnswer(
      eventsOf(
        chunk({ content: 'a' }, { logprobs: { content: [1] } }),
        chunk({ content: 'b' }, { logprobs: { content: [2] } }),
        end,
      ),
    )
    expect(answer.completion.choices[0]?.['logprobs']).toEqual({ content: [1, 2] })
  })

  it('keeps a whole completion as it came', async () => {
    const completion = { id: 'x', object: 'chat.completion', created: 1, model: 'm', choices: [], timings: { ms: 3 } }
    const answer = await collectAnswer(eventsOf({ type: 'completion', completion, source: '{…}' }, end))
    expect(answer.completion).toBe(completion)
    expect(answer.source).toBe('{…}')
  })

  it('refuses a stream that stops before its end', async () => {
    await expect(collectAnswer(eventsOf(chunk({ content: 'half' })))).rejects.toMatchObject({
      code: 'upstream_stream_truncated',
    })
  })

  it('refuses an end without any chunk', async () => {
    await expect(collectAnswer(eventsOf(end))).rejects.toMatchObject({ code: 'upstream_empty_response' })
  })

  it('gives the same text however it was cut into chunks', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string()), async (pieces) => {
        const answer = await collectAnswer(
          eventsOf(chunk({ role: 'assistant' }), ...pieces.map((content) => chunk({ content })), end),
        )
        expect(answer.text).toBe(pieces.join(''))
      }),
    )
  })
})
