/** What hostile input reaches, each as a function that may throw our own errors and nothing else. */
import { isMollmrError } from '../src/chat/errors.ts'
import { parseConfig } from '../src/config/parse-config.ts'
import { digestKey } from '../src/config/key-digest.ts'
import { extractAnswer } from '../src/mixture/judging/extract-answer.ts'
import { parseDraftNumber } from '../src/mixture/judging/parse-draft-number.ts'
import { stripReasoning } from '../src/mixture/drafts/strip-reasoning.ts'
import { parseChoice } from '../src/router/parse-choice.ts'
import { jsonObjectsIn } from '../src/router/json-objects.ts'
import { firstEvents, frames, goodEvents, completionJson } from '../src/testing/chaos/say.ts'
import { failureOfAnswer, failureOfStatus } from '../src/upstream/http/failure.ts'
import { eventNameOf } from '../src/upstream/responses/read-response.ts'
import { ResponseStream } from '../src/upstream/responses/response-stream.ts'
import { isObject } from '../src/chat/loose-json.ts'
import { responseBeginning, responseEnding } from '../src/testing/responses-upstream.ts'
import { repairChunk, repairCompletion } from '../src/upstream/openai/repair.ts'
import { messagesDialect } from '../src/wire/anthropic-messages/messages-dialect.ts'
import { chatDialect } from '../src/wire/openai-chat/chat-dialect.ts'
import { ResponseShelf } from '../src/wire/openai-responses/response-shelf.ts'
import { createResponsesDialect } from '../src/wire/openai-responses/responses-dialect.ts'
import { NativeFrames } from '../src/wire/openai-responses/native-frames.ts'
import { spliceModel } from '../src/wire/openai-chat/splice-model.ts'
import { SseParser } from '../src/wire/sse.ts'
import { eventsOf } from './sse-splits.ts'

export interface FuzzTarget {
  readonly name: string
  /** Good inputs, which are then spoilt. */
  readonly seeds: readonly string[]
  /** Throws where a promise is broken. */
  readonly check: (input: Buffer) => void
}

const model = { id: 'm', secrets: ['sk-secret-of-the-upstream'] }
const identity = { id: 'x', created: 1 }
const caller = { headers: {} }

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const chatBodies = [
  '{"model":"m","messages":[{"role":"user","content":"Hi"}]}',
  '{"model":"m","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"system","content":[{"type":"text","text":"a"}]},{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":"1"}],"tools":[],"mollmr":{"include":["usage"],"quorum":2}}',
  '{"model":"m","messages":[{"role":"user","content":"Hi"}],"temperature":0.5,"n":2,"stop":["a"],"response_format":{"type":"json_schema","json_schema":{"name":"a","schema":{}}},"logprobs":true,"metadata":{"a":"b"}}',
]
const messagesBodies = [
  '{"model":"m","max_tokens":10,"messages":[{"role":"user","content":"Hi"}]}',
  '{"model":"m","max_tokens":10,"system":[{"type":"text","text":"s","cache_control":{"type":"ephemeral"}}],"stream":true,"tools":[{"name":"f","input_schema":{"type":"object"}}],"tool_choice":{"type":"auto"},"messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AA=="}}]},{"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"s"},{"type":"tool_use","id":"t","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"1"}]}]}',
]
const responsesBodies = [
  '{"model":"m","input":"Hi"}',
  '{"model":"m","stream":true,"instructions":"i","store":false,"input":[{"role":"user","content":[{"type":"input_text","text":"a"},{"type":"input_image","image_url":"data:image/png;base64,AA=="}]},{"type":"function_call","call_id":"c","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"c","output":"1"},{"type":"reasoning","id":"r","summary":[]}],"tools":[{"type":"function","name":"f","parameters":{"type":"object"},"strict":false}],"tool_choice":"auto","reasoning":{"effort":"low"},"text":{"format":{"type":"json_schema","name":"a","schema":{}}},"max_output_tokens":9}',
]
const configs = [
  'mixtures: [{ name: generic, description: d, workers: [a, b], aggregate: c }]\nrouter: { model: { name: a } }\n',
  `server: { port: 1, host: "127.0.0.1" }\nupstreams: { u: { kind: openai, base_url: "http://localhost:1/v1", api_key: "\${KEY:-x}" }, s: { kind: simulated } }\nmodels: [{ id: a, upstream: u, price: { input: 1, output: 2 } }]\nmixtures:\n  - name: g\n    strategy: vote\n    workers: [{ model: a, samples: 2 }, s]\n    aggregate: a\n    quorum: 2\nkeys: [{ name: k, hash: "${digestKey('k')}" }]\n`,
]

export const fuzzTargets: readonly FuzzTarget[] = [
  { name: 'chat-body', seeds: chatBodies, check: (input) => void chatDialect.parse(input, caller) },
  {
    name: 'messages-body',
    seeds: messagesBodies,
    check: (input) => void messagesDialect.parse(input, caller),
  },
  {
    name: 'responses-body',
    seeds: responsesBodies,
    check: (input) => void createResponsesDialect(new ResponseShelf()).parse(input, caller),
  },
  {
    name: 'splice-model',
    seeds: chatBodies,
    check: (input) => {
      const { request } = chatDialect.parse(input, caller)
      if (request.source === undefined) return
      const spliced = parsed(spliceModel(request.source, 'other'))
      same(JSON.stringify(spliced), JSON.stringify({ ...(parsed(request.source) as object), model: 'other' }))
    },
  },
  {
    name: 'sse',
    seeds: [frames(goodEvents), frames(firstEvents, '\r'), `\ufeff: a\r\nevent: b\nid: 1\r\rdata\ndata:c\n\n`],
    check: (input) => {
      const cut = input.length === 0 ? 0 : (input[0] ?? 0) % input.length
      const bytes = Array.from(input, (byte) => Uint8Array.of(byte))
      const whole = eventsOf([input])
      same(eventsOf([input.subarray(0, cut), input.subarray(cut)]), whole)
      same(eventsOf(bytes), whole)
    },
  },
  {
    name: 'upstream-chunk',
    seeds: goodEvents,
    check: (input) => {
      const value = parsed(input.toString())
      const chunk = repairChunk(value, identity)?.value
      if (chunk && !chunk.choices.every(({ index, delta }) => typeof index === 'number' && typeof delta === 'object'))
        throw new Error('A chunk was not repaired.')
      failureOfAnswer(model, value)
    },
  },
  {
    name: 'upstream-json',
    seeds: [
      completionJson(),
      '{"error":{"message":"sk-secret-of-the-upstream","code":"rate_limit_exceeded"}}',
      '{"object":"error","detail":[{"msg":"a"}]}',
    ],
    check: (input) => {
      const text = input.toString()
      repairCompletion(parsed(text), identity)
      const { message } = failureOfStatus(model, { status: 400, headers: { 'retry-after': text.slice(0, 20) } }, text)
      if (message.includes('sk-secret-of-the-upstream')) throw new Error('A key was told.')
      if (message.length > 500) throw new Error('A message is too long.')
    },
  },
  {
    name: 'responses-frame',
    seeds: (responseBeginning + responseEnding())
      .split('\n')
      .flatMap((line) => (line.startsWith('data: ') ? [line.slice(6)] : [])),
    check: (input) => {
      // No event has one: it ends a line.
      const json = input.toString().replaceAll('\r', ' ')
      const frame = parsed(json)
      if (!isObject(frame)) return
      const stream = new ResponseStream({ model, created: 1, maxAnswerCharacters: 1000 })
      stream.read(frame)
      const written = new NativeFrames('mine').write({
        dialect: 'openai-responses',
        event: eventNameOf(frame, 'message'),
        json,
      })
      const events = new SseParser(100_000).push(Buffer.from(written))
      if (events.length !== 1 || parsed(events[0]?.data ?? '') === undefined) throw new Error('A frame is not one.')
    },
  },
  {
    name: 'config',
    seeds: configs,
    check: (input) => void parseConfig({ text: input.toString(), path: 'c.yaml', env: { KEY: 'k' } }),
  },
  {
    name: 'router-reply',
    seeds: [
      '{"choice":"generic","reason":"x"}',
      '<think>hm</think> ```json\n{"choice": "coder"}\n```',
      'generic',
      'I choose "coder".',
    ],
    check: (input) => {
      const choice = parseChoice(input.toString(), ['generic', 'coder'])
      if (choice !== undefined && !['generic', 'coder', 'none'].includes(choice)) throw new Error(`Chosen: ${choice}`)
      jsonObjectsIn(input.toString())
    },
  },
  {
    name: 'draft',
    seeds: ['The answer is \\boxed{42}.', '<think>a</think>Answer: B', '{"choice": 2}', '**Final answer:** 41 or (C)'],
    check: (input) => {
      const text = input.toString()
      extractAnswer(stripReasoning(text))
      const choice = parseDraftNumber(text, 3)
      if (choice !== null && !(choice >= 0 && choice <= 3)) throw new Error(`Chosen: ${choice}`)
    },
  },
]

function same(actual: string, expected: string): void {
  if (actual !== expected) throw new Error(`Not the same:\n${actual.slice(0, 300)}\n${expected.slice(0, 300)}`)
}

const slowMs = 1000
const prototypeNames = Object.getOwnPropertyNames(Object.prototype).length

/** What is wrong with how a target takes an input; null where all is well. */
export function complaintOf({ check }: FuzzTarget, input: Buffer): string | null {
  const startedMs = threadMs()
  try {
    check(input)
  } catch (error) {
    if (!isMollmrError(error)) return error instanceof Error ? (error.stack ?? error.message) : String(error)
  }
  if (threadMs() - startedMs > slowMs) return `It took over ${slowMs} ms.`
  return Object.getOwnPropertyNames(Object.prototype).length === prototypeNames ? null : 'Object.prototype has changed.'
}

/** Milliseconds that this thread has worked: on a busy machine it may wait for longer than it works. */
function threadMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}
