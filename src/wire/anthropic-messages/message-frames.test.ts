import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ChatDelta, ChunkEvent } from '../../chat/chat-event.ts'
import { SseParser } from '../sse.ts'
import { MessageFrames } from './message-frames.ts'
import type { MessageStyle } from './write-message.ts'

const style: MessageStyle = { model: 'mollmr/generic', showsThinking: true, stopSequences: ['END'] }
const facts = { requestId: 'req_1', now: () => 1_700_000_000, ledger: () => null }
const usage = {
  prompt_tokens: 20,
  completion_tokens: 4,
  total_tokens: 24,
  prompt_tokens_details: { cached_tokens: 8 },
  completion_tokens_details: { reasoning_tokens: 2 },
}

function chunk(delta: ChatDelta, finish: string | null = null, choice: object = {}): ChunkEvent {
  const choices = [{ index: 0, delta, finish_reason: finish, ...choice }]
  return { type: 'chunk', chunk: { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'up', choices } }
}

function call(index: number, fields: { id?: string; name?: string; json?: string }): ChatDelta {
  const { id, name, json } = fields
  const part = { ...(name === undefined ? {} : { name }), ...(json === undefined ? {} : { arguments: json }) }
  return { tool_calls: [{ index, ...(id === undefined ? {} : { id }), function: part }] }
}

function write(chunks: readonly ChunkEvent[], asked: Partial<MessageStyle> = {}): Frame[] {
  const frames = new MessageFrames({ ...style, ...asked }, facts)
  return readFrames(chunks.map((each) => frames.chunk(each)).join('') + frames.end({ type: 'end', usage }))
}

interface Frame {
  readonly type: string
  readonly index?: number
  readonly [field: string]: unknown
}

function readFrames(text: string): Frame[] {
  return new SseParser(1_000_000).push(Buffer.from(text)).map(({ event, data }) => {
    const frame = JSON.parse(data) as Frame
    expect(frame.type).toBe(event)
    return frame
  })
}

interface Folded {
  type: string
  text?: string
  thinking?: string
  name?: string
  json?: string
}

/** Puts blocks together as Anthropic's SDK does, and minds the order of their frames. */
function fold(frames: readonly Frame[]): Folded[] {
  const blocks: Folded[] = []
  let open = -1
  for (const frame of frames) {
    if (frame.type === 'content_block_start') {
      expect([open, frame.index]).toEqual([-1, blocks.length])
      open = blocks.length
      blocks.push({ ...(frame['content_block'] as Folded) })
    } else if (frame.type === 'content_block_delta') {
      expect(frame.index).toBe(open)
      addDelta(blocks[open] as Folded, frame['delta'] as Record<string, string>)
    } else if (frame.type === 'content_block_stop') {
      expect(frame.index).toBe(open)
      open = -1
    }
  }
  expect(open).toBe(-1)
  return blocks
}

function addDelta(
  block: Folded,
  { type, text = '', thinking = '', partial_json: json = '' }: Record<string, string>,
): void {
  if (type === 'text_delta') block.text = (block.text ?? '') + text
  if (type === 'thinking_delta') block.thinking = (block.thinking ?? '') + thinking
  if (type === 'input_json_delta') block.json = (block.json ?? '') + json
}

describe('a streamed message', () => {
  it('has exactly the frames that Anthropic sends', () => {
    const frames = write([
      chunk({ role: 'assistant', content: '' }),
      chunk({ content: 'Hel' }),
      chunk({ content: 'lo' }, 'stop'),
    ])
    expect(frames).toEqual([
      {
        type: 'message_start',
        message: expect.objectContaining({ id: 'msg_1', model: 'mollmr/generic', content: [] }),
      },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '', citations: null } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hel' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'lo' } },
      { type: 'content_block_stop', index: 0 },
      {
        type: 'message_delta',
        delta: { stop_reason: 'end_turn', stop_sequence: null, stop_details: null, container: null },
        usage: {
          input_tokens: 12,
          cache_read_input_tokens: 8,
          cache_creation_input_tokens: 0,
          output_tokens: 4,
          output_tokens_details: { thinking_tokens: 2 },
          server_tool_use: null,
        },
      },
      { type: 'message_stop' },
    ])
  })

  it('shows thinking in a block of its own, where the caller asked for it', () => {
    const chunks = [chunk({ reasoning_content: 'Hm' }), chunk({ reasoning: '.' }), chunk({ content: 'Yes' }, 'stop')]
    expect(fold(write(chunks))).toMatchObject([
      { type: 'thinking', thinking: 'Hm.' },
      { type: 'text', text: 'Yes' },
    ])
    expect(fold(write(chunks, { showsThinking: false }))).toMatchObject([{ type: 'text', text: 'Yes' }])
  })

  it('streams a tool call', () => {
    const frames = write([
      chunk({ content: 'I add.' }),
      chunk(call(0, { id: 'call_1', name: 'add', json: '' })),
      chunk(call(0, { json: '{"a":1,' })),
      chunk(call(0, { json: '"b":2}' }), 'tool_calls'),
    ])
    expect(fold(frames)).toMatchObject([
      { type: 'text', text: 'I add.' },
      { type: 'tool_use', id: 'call_1', name: 'add', input: {}, json: '{"a":1,"b":2}' },
    ])
    expect(frames.filter(({ delta }) => (delta as Folded | undefined)?.type === 'input_json_delta')).toHaveLength(2)
    expect(frames.at(-2)).toMatchObject({ delta: { stop_reason: 'tool_use' } })
  })

  it.each([
    [chunk({ content: 'x' }, 'length'), { stop_reason: 'max_tokens' }],
    [chunk({ content: 'x' }, 'content_filter'), { stop_reason: 'refusal' }],
    [chunk({ refusal: 'No.' }, 'stop'), { stop_reason: 'refusal' }],
    [chunk({ content: 'x' }, 'stop', { stop_reason: 'END' }), { stop_reason: 'stop_sequence', stop_sequence: 'END' }],
    [chunk({ content: 'x' }, 'stop', { stop_reason: 'other' }), { stop_reason: 'end_turn', stop_sequence: null }],
    [chunk({ content: 'x' }, 'mixture_degraded'), { stop_reason: 'end_turn' }],
  ])('%# says how it ended', (last, stop) => {
    expect(write([last]).find(({ type }) => type === 'message_delta')).toMatchObject({ delta: stop })
  })

  it('is alive with a ping, and breaks with an error', () => {
    const frames = new MessageFrames(style, facts)
    const error = { message: 'Cut.', type: 'upstream_error', param: null, code: 'upstream_stream_cut' }
    const text = frames.begin() + frames.signOfLife + frames.fail({ status: 502, body: { error } })
    expect(readFrames(text).map(({ type }) => type)).toEqual(['message_start', 'ping', 'error'])
    expect(readFrames(text).at(-1)).toEqual({
      type: 'error',
      error: { type: 'api_error', message: 'Cut.', details: { error_code: 'upstream_stream_cut', param: null } },
      request_id: 'req_1',
    })
  })

  it('opens once, whether early or with the first chunk', () => {
    const frames = new MessageFrames(style, facts)
    const text = frames.begin() + frames.chunk(chunk({ content: 'x' })) + frames.chunk(chunk({ content: 'y' }))
    expect(readFrames(text).filter(({ type }) => type === 'message_start')).toHaveLength(1)
  })

  it('keeps every text and every argument, in whatever order models stream them', () => {
    const named = new Set<number>()
    const part = fc.oneof(fc.record({ content: fc.string() }), fc.record({ at: fc.nat(2), json: fc.string() }))
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        named.clear()
        const json: Record<number, string> = {}
        let said = ''
        const chunks = parts.map((each) => {
          if ('content' in each) {
            said += each.content
            return chunk({ content: each.content })
          }
          const isFirst = !named.has(each.at)
          named.add(each.at)
          json[each.at] = (json[each.at] ?? '') + each.json
          const name = { id: `call_${each.at}`, name: `tool_${each.at}` }
          return chunk(call(each.at, { ...(isFirst ? name : {}), json: each.json }))
        })
        const blocks = fold(write([...chunks, chunk({}, 'stop')]))
        const texts = blocks.filter(({ type }) => type === 'text').map(({ text }) => text)
        const calls = blocks
          .filter(({ type }) => type === 'tool_use')
          .map(({ name, json: input }) => [name, input ?? ''])
        expect(texts.join('')).toBe(said)
        expect(Object.fromEntries(calls)).toEqual(
          Object.fromEntries([...named].map((at) => [`tool_${at}`, json[at] ?? ''])),
        )
      }),
    )
  })
})

describe('frames of an upstream that speaks this dialect itself', () => {
  const native = (event: string, fields: object): ChunkEvent => ({
    ...chunk({}),
    native: { dialect: 'anthropic-messages', event, json: JSON.stringify({ type: event, ...fields }) },
  })
  const start = native('message_start', { message: { id: 'msg_up', model: 'claude-x', unheard_of: 1 } })
  const rest = [
    native('content_block_delta', { index: 0, delta: { type: 'signature_delta', signature: 'sig' } }),
    native('message_delta', { delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 9 } }),
    native('message_stop', {}),
  ]

  it('go on as they are, under the name that the caller asked for', () => {
    const frames = new MessageFrames(style, facts)
    const [opening, ...others] = [start, ...rest].map((event) => frames.chunk(event))
    expect(readFrames(opening ?? '')).toEqual([
      { type: 'message_start', message: { id: 'msg_up', model: 'mollmr/generic', unheard_of: 1 } },
    ])
    expect(others.join('')).toBe(
      rest.map(({ native }) => `event: ${native?.event ?? ''}\ndata: ${native?.json ?? ''}\n\n`).join(''),
    )
    expect(frames.end({ type: 'end', usage })).toBe('')
  })

  it('follow the beginning that a slow model was given', () => {
    const frames = new MessageFrames(style, facts)
    const written = frames.begin() + [start, ...rest].map((event) => frames.chunk(event)).join('')
    expect(readFrames(written).filter(({ type }) => type === 'message_start')).toHaveLength(1)
    expect(written).toContain('signature_delta')
  })

  it('may end with a failure', () => {
    const frames = new MessageFrames(style, facts)
    frames.chunk(start)
    const body = { error: { message: 'cut', type: 'upstream_error', param: null, code: 'upstream_stream_cut' } }
    expect(readFrames(frames.fail({ status: 502, body }))[0]?.type).toBe('error')
  })
})
