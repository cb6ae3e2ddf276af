/** Connections that break or hang, at every phase of an answer. */
import type { Fault } from './fault.ts'
import {
  chunked,
  chunkJson,
  completionJson,
  drip,
  firstEvents,
  frames,
  goodEvents,
  head200,
  openStream,
  roleJson,
  sayWell,
  streamHead,
} from './say.ts'

const dripMs = 20
const halfOf = (text: string): string => text.slice(0, text.length / 2)
const longHead = (length: number): string =>
  head200({ 'content-type': 'application/json', 'content-length': String(length) })

export const connectionFaults = {
  'reset before headers': {
    whole: 'upstream_reset',
    streamed: 'upstream_reset',
    play: ({ socket }) => socket.resetAndDestroy(),
  },
  'end before headers': { whole: 'upstream_reset', streamed: 'upstream_reset', play: ({ socket }) => socket.end() },
  'reset in headers': {
    whole: 'upstream_reset',
    streamed: 'upstream_reset',
    play: ({ socket }) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-ty', () => socket.resetAndDestroy())
    },
  },
  'reset in mid-answer': {
    whole: 'upstream_stream_cut',
    streamed: 'upstream_stream_cut',
    hasBegun: true,
    play: (call) => {
      const cut = (): void => {
        setTimeout(() => call.socket.resetAndDestroy(), 5 * dripMs)
      }
      if (call.isStreamed) openStream(call, firstEvents)
      else call.socket.write(longHead(5000) + halfOf(completionJson()))
      cut()
    },
  },
  'end in mid-event': {
    whole: 'upstream_stream_cut',
    streamed: 'upstream_stream_cut',
    hasBegun: true,
    play: ({ isStreamed, socket }) => {
      const [next = ''] = goodEvents.slice(firstEvents.length)
      if (isStreamed)
        socket.end(Buffer.concat([Buffer.from(streamHead), chunked(frames(firstEvents) + halfOf(`data: ${next}`))]))
      else socket.end(longHead(5000) + halfOf(completionJson()))
    },
  },
  'stream without finish': {
    whole: 'upstream_stream_truncated',
    streamed: 'upstream_stream_truncated',
    hasBegun: true,
    play: ({ socket }) =>
      socket.write(Buffer.concat([Buffer.from(streamHead), chunked(frames(firstEvents)), Buffer.from('0\r\n\r\n')])),
  },
  'stream with nothing but a role': {
    whole: 'upstream_stream_truncated',
    streamed: 'upstream_stream_truncated',
    play: ({ socket }) =>
      socket.write(Buffer.concat([Buffer.from(streamHead), chunked(frames([roleJson])), Buffer.from('0\r\n\r\n')])),
  },
  'hang before headers': {
    whole: 'upstream_timeout',
    streamed: 'upstream_timeout',
    isSlow: true,
    play: () => undefined,
  },
  'hang after headers': {
    whole: 'upstream_timeout',
    streamed: 'upstream_timeout',
    isSlow: true,
    play: ({ isStreamed, socket }) => socket.write(isStreamed ? streamHead : longHead(500)),
  },
  'hang after the role': {
    whole: 'upstream_timeout',
    streamed: 'upstream_timeout',
    isSlow: true,
    play: (call) => {
      if (call.isStreamed) openStream(call, [roleJson])
      else call.socket.write(longHead(5000) + halfOf(completionJson()))
    },
  },
  'hang in mid-answer': {
    whole: 'upstream_timeout',
    streamed: 'upstream_idle_timeout',
    hasBegun: true,
    isSlow: true,
    play: (call) => {
      if (call.isStreamed) openStream(call, firstEvents)
      else call.socket.write(longHead(5000) + halfOf(completionJson()))
    },
  },
  'flood of 1xx': {
    whole: 'upstream_timeout',
    streamed: 'upstream_timeout',
    isSlow: true,
    play: (call) => {
      drip(call, dripMs, () => 'HTTP/1.1 102 Processing\r\n\r\n')
    },
  },
  'drip of headers': {
    whole: 'upstream_timeout',
    streamed: 'upstream_timeout',
    isSlow: true,
    play: (call) => {
      call.socket.write('HTTP/1.1 200 OK\r\n')
      drip(call, dripMs, () => 'x-a: b\r\n')
    },
  },
  'comments only': {
    whole: 'upstream_timeout',
    streamed: 'upstream_timeout',
    isSlow: true,
    play: (call) => {
      call.socket.write(streamHead)
      drip(call, dripMs, () => chunked(': ping\n\n'))
    },
  },
  'comments after content': {
    whole: 'upstream_idle_timeout',
    streamed: 'upstream_idle_timeout',
    hasBegun: true,
    isSlow: true,
    play: (call) => {
      openStream(call, firstEvents)
      drip(call, dripMs, () => chunked(': ping\n\n'))
    },
  },
  'empty deltas after content': {
    whole: 'upstream_idle_timeout',
    streamed: 'upstream_idle_timeout',
    hasBegun: true,
    isSlow: true,
    play: (call) => {
      openStream(call, firstEvents)
      drip(call, dripMs, () => chunked(frames([chunkJson({ content: '' })])))
    },
  },
  'slow but good': {
    whole: 'ok',
    streamed: 'ok',
    play: (call) => {
      setTimeout(() => {
        sayWell(call)
      }, 30)
    },
  },
  'one byte at a time': {
    whole: 'ok',
    streamed: 'ok',
    play: ({ isStreamed, socket }) => {
      const bytes = Buffer.from(isStreamed ? frames(goodEvents) : completionJson())
      socket.setNoDelay(true)
      socket.write(isStreamed ? streamHead : longHead(bytes.length))
      for (const byte of bytes) socket.write(isStreamed ? chunked(Buffer.of(byte)) : Buffer.of(byte))
      if (isStreamed) socket.write('0\r\n\r\n')
    },
  },
  'done, but the socket stays open': {
    whole: 'ok',
    streamed: 'ok',
    play: (call) => {
      openStream(call, goodEvents)
    },
  },
  'end without length': {
    whole: 'ok',
    streamed: 'ok',
    play: ({ isStreamed, socket }) => {
      const type = isStreamed ? 'text/event-stream' : 'application/json'
      socket.end(head200({ 'content-type': type }) + (isStreamed ? frames(goodEvents) : completionJson()))
    },
  },
  'extra response behind a good one': {
    whole: 'ok',
    streamed: 'ok',
    play: (call) => {
      sayWell(call)
      const json = completionJson({}, 'This belongs to nobody.')
      call.socket.write(
        `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(json)}\r\n\r\n${json}`,
      )
    },
  },
} satisfies Record<string, Fault>
