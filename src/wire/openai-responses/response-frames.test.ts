import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ChatDelta, ChunkEvent } from '../../chat/chat-event.ts'
import { SseParser } from '../sse.ts'
import type { FinishedResponse } from './finished-response.ts'
import type { Item } from './read-input.ts'
import { ResponseFrames } from './response-frames.ts'
import type { KnownTool } from './response-tools.ts'

const facts = { requestId: 'req_1', now: () => 1_700_000_000, ledger: () => null }
const usage = {
  prompt_tokens: 20,
  completion_tokens: 4,
  total_tokens: 24,
  prompt_tokens_details: { cached_tokens: 8 },
  completion_tokens_details: { reasoning_tokens: 2 },
}
const tools = new Map<string, KnownTool>([
  ['agents__spawn', { name: 'spawn', namespace: 'agents', isCustom: false }],
  ['patch', { name: 'patch', isCustom: true }],
])

interface Frame {
  readonly type: string
  readonly sequence_number: number
  readonly [field: string]: unknown
}

function chunk(delta: ChatDelta, finish: string | null = null): ChunkEvent {
  const choices = [{ index: 0, delta, finish_reason: finish }]
  return { type: 'chunk', chunk: { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'up', choices } }
}

function call(index: number, named: { id?: string; name?: string }, json: string): ChatDelta {
  const { id, name } = named
  const part = { ...(name === undefined ? {} : { name }), arguments: json }
  return { tool_calls: [{ index, ...(id === undefined ? {} : { id }), function: part }] }
}

interface Written {
  readonly frames: readonly Frame[]
  readonly kept: readonly Item[]
}

function write(chunks: readonly ChunkEvent[]): Written {
  let kept: readonly Item[] = []
  const options = {
    fields: { model: 'mollmr/generic' },
    tools,
    keep: (finished: FinishedResponse | undefined) => {
      kept = finished?.output ?? []
    },
  }
  const frames = new ResponseFrames(options, facts)
  const text = chunks.map((each) => frames.chunk(each)).join('') + frames.end({ type: 'end', usage })
  return { frames: readFrames(text), kept }
}

function readFrames(text: string): Frame[] {
  return new SseParser(1_000_000).push(Buffer.from(text)).map(({ event, data }) => {
    const frame = JSON.parse(data) as Frame
    expect(frame.type).toBe(event)
    return frame
  })
}

function typesOf(frames: readonly Frame[]): string[] {
  return frames.map(({ type }) => type.replace('response.', ''))
}

describe('a streamed response', () => {
  it('of text has exactly the events that OpenAI sends', () => {
    const { frames } = write([chunk({ role: 'assistant', content: '' }), chunk({ content: 'Hello' }, 'stop')])
    expect(typesOf(frames)).toEqual([
      'created',
      'in_progress',
      'output_item.added',
      'content_part.added',
      'output_text.delta',
      'output_text.done',
      'content_part.done',
      'output_item.done',
      'completed',
    ])
    expect(frames.at(-1)).toMatchObject({
      response: {
        id: 'resp_1',
        created_at: 1_700_000_000,
        model: 'mollmr/generic',
        status: 'completed',
        output: [{ id: 'msg_1_0', type: 'message', content: [{ type: 'output_text', text: 'Hello' }] }],
        usage: {
          input_tokens: 20,
          input_tokens_details: { cached_tokens: 8 },
          output_tokens: 4,
          output_tokens_details: { reasoning_tokens: 2 },
          total_tokens: 24,
        },
      },
    })
  })

  it('of reasoning, text and a call has an item of each, in their order', () => {
    const { frames, kept } = write([
      chunk({ reasoning_content: 'Hm.' }),
      chunk({ content: 'I spawn.' }),
      chunk(call(0, { id: 'call_1', name: 'agents__spawn' }, '{"a"')),
      chunk(call(0, {}, ':1}'), 'tool_calls'),
    ])
    const done = frames.filter(({ type }) => type === 'response.output_item.done')
    expect(done.map(({ output_index: index }) => index)).toEqual([0, 1, 2])
    expect(done.map(({ item }) => item)).toEqual(kept)
    expect(kept).toMatchObject([
      { type: 'reasoning', summary: [{ text: 'Hm.' }] },
      { type: 'message' },
      { type: 'function_call', call_id: 'call_1', namespace: 'agents', name: 'spawn', arguments: '{"a":1}' },
    ])
  })

  it('gives a free-text tool its text', () => {
    const { frames } = write([chunk(call(0, { id: 'call_1', name: 'patch' }, '{"input":"*** Begin"}'), 'tool_calls')])
    expect(typesOf(frames).slice(2, -1)).toEqual([
      'output_item.added',
      'custom_tool_call_input.delta',
      'custom_tool_call_input.done',
      'output_item.done',
    ])
    expect(frames.at(-2)).toMatchObject({ item: { type: 'custom_tool_call', name: 'patch', input: '*** Begin' } })
  })

  it.each([
    ['length', 'max_output_tokens'],
    ['content_filter', 'content_filter'],
  ])('that ends for %s is incomplete', (finish, reason) => {
    expect(write([chunk({ content: 'x' }, finish)]).frames.at(-1)).toMatchObject({
      type: 'response.incomplete',
      response: { status: 'incomplete', incomplete_details: { reason } },
    })
  })

  it('says a refusal as one', () => {
    const { kept, frames } = write([chunk({ refusal: 'No.' }, 'stop')])
    expect(kept).toMatchObject([{ type: 'message', content: [{ type: 'refusal', refusal: 'No.' }] }])
    expect(typesOf(frames)).toContain('refusal.delta')
  })

  it('tells of progress in the ways that the caller asked for', () => {
    const progress = { step: 1, stage: 'worker' as const, name: 'qwen', state: 'done' as const, atMs: 12 }
    const told = (styles: readonly ('comments' | 'chunks' | 'reasoning')[]): string => {
      const frames = new ResponseFrames({ fields: {}, tools, keep: () => undefined }, { ...facts, progress: styles })
      return (
        frames.begin() + frames.progress(progress) + frames.chunk(chunk({ content: 'x' })) + frames.progress(progress)
      )
    }
    expect(told(['comments']).match(/^: mollmr /gm)).toHaveLength(2)
    expect(told(['reasoning']).match(/event: response.reasoning_summary_text.delta/g)).toHaveLength(1)
    expect(told(['chunks'])).not.toContain('qwen')
  })

  it('that breaks keeps what was done and says why', () => {
    const frames = new ResponseFrames({ fields: {}, tools, keep: () => undefined }, facts)
    const error = { message: 'Cut.', type: 'upstream_error', param: null, code: 'upstream_stream_cut' }
    const text = frames.begin() + frames.chunk(chunk({ content: 'x' })) + frames.fail({ status: 502, body: { error } })
    expect(readFrames(text).slice(-2)).toMatchObject([
      {
        type: 'response.failed',
        response: { status: 'failed', error: { code: 'upstream_stream_cut', message: 'Cut.' } },
      },
      { type: 'error', code: 'upstream_stream_cut', message: 'Cut.', param: null },
    ])
    expect(frames.signOfLife).toMatch(/^: .*\n\n$/)
  })

  describe('where an upstream of this dialect may answer', () => {
    const options = { fields: { model: 'mine' }, tools, keep: () => undefined }
    const waiting = { ...facts, mayBeNative: true }
    const native = (event: string, json: string): ChunkEvent => ({
      ...chunk({}),
      native: { dialect: 'openai-responses', event, json },
    })
    const created =
      '{"type":"response.created","sequence_number":0,"response":{"id":"resp_up","model":"gpt","output":[]}}'

    it('begins with what that says, however late', () => {
      const frames = new ResponseFrames(options, waiting)
      expect(frames.begin()).toBe(frames.signOfLife)
      expect(frames.chunk(native('response.created', created))).toBe(
        `event: response.created\ndata: ${created.replace('gpt', 'mine')}\n\n`,
      )
    })

    it.each(['chunk', 'end', 'fail'] as const)('begins on its own where another answers: %s', (first) => {
      const frames = new ResponseFrames(options, waiting)
      frames.begin()
      const error = { message: 'Cut.', type: 'upstream_error', param: null, code: 'upstream_stream_cut' }
      const text = {
        chunk: () => frames.chunk(chunk({ content: 'x' })),
        end: () => frames.end({ type: 'end', usage }),
        fail: () => frames.fail({ status: 502, body: { error } }),
      }[first]()
      const [begun, , ...rest] = readFrames(text)
      expect(begun).toMatchObject({ type: 'response.created', sequence_number: 0, response: { id: 'resp_1' } })
      expect(rest.length).toBeGreaterThan(0)
    })

    it('numbers on where it breaks, under the id that the upstream gave', () => {
      const frames = new ResponseFrames(options, waiting)
      const error = { message: 'Cut.', type: 'upstream_error', param: null, code: 'upstream_stream_cut' }
      frames.chunk(native('response.created', created))
      frames.chunk(native('response.new', '{"type":"response.new","sequence_number":6}'))
      expect(readFrames(frames.fail({ status: 502, body: { error } }))).toEqual([
        {
          type: 'response.failed',
          sequence_number: 7,
          response: {
            id: 'resp_up',
            model: 'mine',
            output: [],
            status: 'failed',
            error: { code: 'upstream_stream_cut', message: 'Cut.' },
          },
        },
        { type: 'error', sequence_number: 8, code: 'upstream_stream_cut', message: 'Cut.', param: null },
      ])
    })
  })

  it('keeps every text and every argument, in whatever order models stream them', () => {
    const part = fc.oneof(fc.record({ content: fc.string() }), fc.record({ at: fc.nat(2), json: fc.string() }))
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        const json = new Map<number, string>()
        let said = ''
        const chunks = parts.map((each) => {
          if ('content' in each) {
            said += each.content
            return chunk({ content: each.content })
          }
          const { at } = each
          const named = json.has(at) ? {} : { id: `call_${at}`, name: `tool_${at}` }
          json.set(at, (json.get(at) ?? '') + each.json)
          return chunk(call(at, named, each.json))
        })
        const { frames, kept } = write([...chunks, chunk({}, 'stop')])
        const deltas = frames.filter(({ type }) => type === 'response.output_text.delta').map(({ delta }) => delta)
        const calls = kept.filter(({ type }) => type === 'function_call')
        expect(frames.map((frame) => frame.sequence_number)).toEqual(frames.map((_frame, index) => index))
        expect(deltas.join('')).toBe(said)
        expect(Object.fromEntries(calls.map((item) => [item['name'], item['arguments']]))).toEqual(
          Object.fromEntries([...json].map(([at, written]) => [`tool_${at}`, written])),
        )
      }),
    )
  })
})
