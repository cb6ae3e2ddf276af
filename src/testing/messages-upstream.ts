/** Answers as the Messages API of Anthropic writes them, for a fake upstream. */
import type { UpstreamReply } from './fake-upstream.ts'

export function messageFrame(type: string, fields: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`
}

/** The frames of one content block. */
export function blockFrames(index: number, content_block: object, ...deltas: readonly object[]): string {
  const said = deltas.map((delta) => messageFrame('content_block_delta', { index, delta }))
  return [
    messageFrame('content_block_start', { index, content_block }),
    ...said,
    messageFrame('content_block_stop', { index }),
  ].join('')
}

const usage = { input_tokens: 12, cache_creation_input_tokens: 0, cache_read_input_tokens: 18, output_tokens: 1 }
const message = {
  id: 'msg_01',
  type: 'message',
  role: 'assistant',
  model: 'claude-x',
  content: [],
  stop_reason: null,
  usage,
}

/** The frames of an answer that thinks and speaks, up to where it would call a tool. */
export const streamBeginning = [
  messageFrame('message_start', { message }),
  messageFrame('ping', {}),
  blockFrames(
    0,
    { type: 'thinking', thinking: '', signature: '' },
    { type: 'thinking_delta', thinking: 'Let me look.' },
    { type: 'signature_delta', signature: 'EqQBCg' },
  ),
  blockFrames(1, { type: 'text', text: '' }, { type: 'text_delta', text: 'I look it up.' }),
].join('')

export const streamEnding = [
  blockFrames(
    2,
    { type: 'tool_use', id: 'toolu_1', name: 'weather', input: {} },
    { type: 'input_json_delta', partial_json: '{"city":' },
    { type: 'input_json_delta', partial_json: '"Paris"}' },
  ),
  messageFrame('message_delta', {
    delta: { stop_reason: 'tool_use', stop_sequence: null },
    usage: { output_tokens: 40 },
  }),
  messageFrame('message_stop', {}),
].join('')

export const overloadedFrame = messageFrame('error', { error: { type: 'overloaded_error', message: 'Overloaded' } })

/** The same answer whole. */
export const wholeMessage = {
  ...message,
  content: [
    { type: 'thinking', thinking: 'Let me look.', signature: 'EqQBCg' },
    { type: 'text', text: 'I look it up.', citations: null },
    { type: 'tool_use', id: 'toolu_1', name: 'weather', input: { city: 'Paris' } },
  ],
  stop_reason: 'tool_use',
  usage: { ...usage, output_tokens: 40 },
  unheard_of: { kept: true },
}

/** Answers with frames. */
export function streamingFrames(frames: string, ends = true): UpstreamReply {
  return (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(frames)
    if (ends) response.end()
  }
}

/** The recorded answer: as a stream where the call asks for one, else whole. */
export const recordedMessage: UpstreamReply = (response, call) => {
  if (call.body.stream === true) return streamingFrames(streamBeginning + streamEnding)(response, call)
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(JSON.stringify(wholeMessage))
}
