/** Answers that come over a good connection and are wrong. */
import { gzipSync } from 'node:zlib'
import type { Outcome, ChaosCall, Fault } from './fault.ts'
import {
  chunked,
  chunkJson,
  completionJson,
  errorJson,
  firstEvents,
  flood,
  frames,
  goodEvents,
  goodText,
  head200,
  jsonResponse,
  lastChunk,
  roleJson,
  say,
  sendStream,
  stopJson,
  streamHead,
  textJsons,
} from './say.ts'

function raw(code: Outcome, play: (call: ChaosCall) => void): Fault {
  return { whole: code, streamed: code, play }
}

function bytes(code: Outcome, text: string | Uint8Array, type = 'application/json'): Fault {
  return raw(code, ({ socket }) => {
    socket.write(head200({ 'content-type': type, 'content-length': String(Buffer.byteLength(text)) }))
    socket.write(text)
  })
}

function packed(body: Buffer, encoding = 'gzip'): Fault {
  return raw('upstream_bad_content_type', ({ socket }) => {
    socket.write(
      head200({
        'content-type': 'application/json',
        'content-encoding': encoding,
        'content-length': String(body.length),
      }),
    )
    socket.write(body)
  })
}

/** Good answers whose bytes differ from the usual. */
function streamOf(body: string | Uint8Array): Fault {
  return raw('ok', (call) => {
    if (call.isStreamed) sendStream(call, body)
    else call.socket.write(jsonResponse(completionJson()))
  })
}

const good = (json: string, events: readonly string[]): Fault =>
  raw('ok', (call) => {
    say(call, json, events)
  })

const usageEvent = (usage: unknown): string => chunkJson({}, null, { choices: [], usage })

export const answerFaults = {
  'error in a 200': bytes('rate_limit_exceeded', errorJson('Slow down.', 'rate_limit_exceeded')),
  'error in mid-stream': {
    whole: 'upstream_error',
    streamed: 'upstream_error',
    hasBegun: true,
    play: (call) => {
      sendStream(call, frames([...firstEvents, errorJson('Broken.', 'server_error'), '[DONE]']))
    },
  },
  'error beside choices in mid-stream': {
    whole: 'upstream_error',
    streamed: 'upstream_error',
    hasBegun: true,
    play: (call) => {
      const last = chunkJson({ content: '' }, 'error', { error: { code: 502, message: 'Provider disconnected' } })
      sendStream(call, frames([...firstEvents, last, '[DONE]']))
    },
  },
  'error in a choice': {
    whole: 'upstream_error',
    streamed: 'upstream_error',
    hasBegun: true,
    play: (call) => {
      const error = { code: 502, message: 'Provider disconnected' }
      const choice = { index: 0, error, finish_reason: 'error' }
      const half = { role: 'assistant', content: 'Forty-' }
      const last = chunkJson({}, null, { choices: [{ ...choice, delta: {} }] })
      say(call, completionJson({ choices: [{ ...choice, message: half }] }), [...firstEvents, last, '[DONE]'])
    },
  },
  'error as a finish reason': {
    whole: 'upstream_error',
    streamed: 'upstream_error',
    hasBegun: true,
    play: (call) => {
      const half = { index: 0, message: { role: 'assistant', content: 'Forty-' }, finish_reason: 'error' }
      say(call, completionJson({ choices: [half] }), [...firstEvents, chunkJson({}, 'error'), '[DONE]'])
    },
  },
  'error beside no choices': raw('upstream_auth_failed', (call) => {
    const error = { code: 401, message: 'User not found.' }
    say(call, completionJson({ error, choices: [] }), [chunkJson({}, null, { error, choices: [] }), '[DONE]'])
  }),
  'a web page': bytes('upstream_bad_content_type', '<html><body>Welcome</body></html>', 'text/html'),
  'plain text': bytes('upstream_bad_content_type', 'Hello', 'text/plain'),
  'half JSON': bytes('upstream_malformed', completionJson().slice(0, -40)),
  'JSON that is no answer': bytes('upstream_malformed', '{"hello":"world"}'),
  'an empty body': bytes('upstream_malformed', ''),
  'bad event': raw('upstream_malformed', (call) => {
    sendStream(call, frames([roleJson, '{"choices":[{"del', '[DONE]']))
  }),
  'bad event in mid-stream': {
    whole: 'upstream_malformed',
    streamed: 'upstream_malformed',
    hasBegun: true,
    play: (call) => {
      sendStream(call, frames([...firstEvents, 'nonsense', '[DONE]']))
    },
  },
  'bytes that are no UTF-8': bytes('upstream_malformed', Buffer.from(completionJson({}, 'fünf'), 'latin1')),
  'bytes that are no UTF-8 in mid-stream': {
    whole: 'upstream_malformed',
    streamed: 'upstream_malformed',
    hasBegun: true,
    play: (call) => {
      const broken = Buffer.from(frames([chunkJson({ content: 'fünf' }), stopJson, '[DONE]']), 'latin1')
      sendStream(call, Buffer.concat([Buffer.from(frames(firstEvents)), broken]))
    },
  },
  'no HTTP': raw('upstream_malformed', ({ socket }) => socket.end('SSH-2.0-OpenSSH_9.2\r\n')),
  'bad chunk size': {
    whole: 'upstream_malformed',
    streamed: 'upstream_malformed',
    hasBegun: true,
    play: ({ socket }) => socket.end(`${streamHead}${chunked(frames(firstEvents)).toString()}zz\r\n`),
  },
  'body shorter than its length': raw('upstream_stream_cut', ({ socket }) => {
    const json = completionJson()
    socket.end(
      head200({ 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(json) + 10) }) + json,
    )
  }),
  'gzip that nobody asked for': packed(gzipSync(completionJson())),
  'gzip that is broken': packed(gzipSync(completionJson()).fill(0, 10)),
  'gzip bomb': packed(gzipSync(Buffer.alloc(8 * 1024 * 1024)), 'gzip, gzip, gzip, gzip, gzip'),
  '20 KB of headers': raw('upstream_response_too_large', ({ socket }) => {
    socket.write(head200({ 'x-long': 'a'.repeat(20_000) }))
  }),
  'endless stream': {
    whole: 'upstream_output_limit',
    streamed: 'upstream_output_limit',
    hasBegun: true,
    play: (call) => {
      call.socket.write(streamHead)
      flood(call, chunked(frames([chunkJson({ content: 'x'.repeat(30_000) })])))
    },
  },
  'answer that is too long': raw('upstream_output_limit', (call) => {
    const text = 'x'.repeat(4 * 1024 * 1024 + 1)
    say(call, completionJson({}, text), [roleJson, chunkJson({ content: text }), stopJson, '[DONE]'])
  }),
  'no content': raw('upstream_empty_response', (call) => {
    say(call, completionJson({}, ''), [roleJson, stopJson, '[DONE]'])
  }),
  'no choices': raw('upstream_empty_response', (call) => {
    say(call, completionJson({ choices: [] }), [chunkJson({}, null, { choices: [] }), '[DONE]'])
  }),
  'null content': raw('upstream_empty_response', (call) => {
    say(call, completionJson({}, null), [chunkJson({ role: 'assistant', content: null }), stopJson, '[DONE]'])
  }),
  'no [DONE]': streamOf(frames(goodEvents.slice(0, -1))),
  'more behind [DONE]': streamOf(frames([...goodEvents, chunkJson({ content: 'This is too late.' }), 'nonsense'])),
  'finish twice': good(completionJson(), [roleJson, ...textJsons, stopJson, chunkJson({}, 'length'), '[DONE]']),
  'negative usage': good(completionJson({ usage: { prompt_tokens: -1, completion_tokens: -5, total_tokens: -6 } }), [
    roleJson,
    ...textJsons,
    stopJson,
    usageEvent({ prompt_tokens: -1, completion_tokens: -5, total_tokens: -6 }),
    '[DONE]',
  ]),
  'usage in words': good(
    completionJson({ usage: { prompt_tokens: 'nine', completion_tokens: 'x', total_tokens: null } }),
    [roleJson, ...textJsons, stopJson, usageEvent({ prompt_tokens: 'nine' }), '[DONE]'],
  ),
  'usage twice': good(completionJson(), [
    roleJson,
    ...textJsons,
    stopJson,
    usageEvent({ prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 }),
    usageEvent({ prompt_tokens: 9, completion_tokens: 12, total_tokens: 21 }),
    '[DONE]',
  ]),
  'no usage': good(completionJson({ usage: null }), goodEvents),
  'carriage returns': streamOf(frames(goodEvents, '\r')),
  'carriage returns and line feeds': streamOf(frames(goodEvents, '\r\n')),
  'byte order mark': streamOf(`\ufeff${frames(goodEvents)}`),
  'no space behind data:': streamOf(frames(goodEvents).replaceAll('data: ', 'data:')),
  'comments and event names': streamOf(
    goodEvents.map((event) => `: hm\n\nevent: message\nid: 1\ndata: ${event}\n\n`).join(''),
  ),
  'whole though a stream was asked for': raw('ok', ({ socket }) => socket.write(jsonResponse(completionJson()))),
  'a stream though none was asked for': raw('ok', (call) => {
    sendStream(call, frames(goodEvents))
  }),
  'chunks in awkward places': raw('ok', ({ isStreamed, socket, random }) => {
    const body = Buffer.from(isStreamed ? frames(goodEvents) : completionJson())
    socket.write(isStreamed ? streamHead : streamHead.replace('text/event-stream', 'application/json'))
    for (let at = 0; at < body.length;) {
      const size = 1 + Math.floor(random() * goodText.length)
      socket.write(chunked(body.subarray(at, at + size)))
      at += size
    }
    socket.write(lastChunk)
  }),
} satisfies Record<string, Fault>
