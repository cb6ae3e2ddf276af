/** An agent's tool loop through a mixture, driven by the official client: the workers advise once, the aggregate acts. */
import OpenAI from 'openai'
import { afterEach, beforeEach, expect, it } from 'vitest'
import {
  chunksOf,
  type FakeUpstream,
  saying,
  sendEvents,
  startFakeUpstream,
  type UpstreamCall,
  type UpstreamReply,
} from '../../src/testing/fake-upstream.ts'
import { runConfig } from '../../src/testing/run-config.ts'
import type { RunningGateway } from '../../src/testing/run-gateway.ts'

let upstream: FakeUpstream
let gateway: RunningGateway

const config = (baseUrl: string): string => `
upstreams:
  up: { kind: openai, base_url: "${baseUrl}", max_retries: 0 }
models:
  - { id: a, upstream: up }
  - { id: b, upstream: up }
  - { id: judge, upstream: up }
mixtures:
  - { name: adviser, workers: [a, b], aggregate: judge }
  - { name: chooser, workers: [a, b], aggregate: judge, tools: select, shuffle: false }
`

/** Calls both tools, in parallel and in pieces; says so once it has their results. */
const acting: UpstreamReply = (response, call) => {
  if (call.body.messages.some(({ role }) => role === 'tool')) return saying('Both are 21.')(response, call)
  const delta = (index: number, fields: object): object => ({
    ...chunksOf('')[0],
    choices: [{ index: 0, delta: { tool_calls: [{ index, ...fields }] }, finish_reason: null }],
  })
  const begin = (index: number): object =>
    delta(index, { id: `call-${index}`, type: 'function', function: { name: 'double', arguments: '' } })
  const pieces = [begin(0), begin(1)].concat(
    ['{"of":', '10.5}'].flatMap((piece) => [0, 1].map((index) => delta(index, { function: { arguments: piece } }))),
  )
  const last = { ...chunksOf('')[0], choices: [{ index: 0, delta: {}, finish_reason: 'tool_calls' }] }
  sendEvents(response, [...[...pieces, last].map((chunk) => JSON.stringify(chunk)), '[DONE]'])
}

let replies: Record<string, UpstreamReply>

beforeEach(async () => {
  replies = { a: saying('I would double both.'), b: saying('Call double twice.'), judge: acting }
  upstream = await startFakeUpstream((response, call) => replies[call.body.model]?.(response, call))
  gateway = await runConfig(config(upstream.baseUrl))
})

afterEach(async () => {
  await gateway.close()
  await upstream.close()
})

const asked = (...models: readonly string[]): UpstreamCall[] =>
  upstream.calls.filter(({ body: { model } }) => models.includes(model))

/** What the client got at last, and what it called on the way. */
async function runLoop(model: string): Promise<{ readonly text: string | null; readonly called: readonly number[] }> {
  const called: number[] = []
  const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'none', maxRetries: 0 })
  const runner = client.chat.completions.runTools({
    model,
    stream: true,
    messages: [{ role: 'user', content: 'Double 10.5 twice.' }],
    tools: [
      {
        type: 'function',
        function: {
          name: 'double',
          description: 'Doubles a number',
          parameters: { type: 'object', properties: { of: { type: 'number' } } },
          parse: (json: string) => JSON.parse(json) as { of: number },
          function: ({ of }: { of: number }) => {
            called.push(of)
            return String(2 * of)
          },
        },
      },
    ],
  })
  return { text: await runner.finalContent(), called }
}

it('advise: two steps of one turn ask the workers once', async () => {
  expect(await runLoop('adviser')).toEqual({ text: 'Both are 21.', called: [10.5, 10.5] })
  expect(asked('a', 'b')).toHaveLength(2)
  for (const { body } of asked('a', 'b')) expect(body).not.toHaveProperty('tools')
  const acts = asked('judge').map(({ body }) => body)
  expect(acts).toHaveLength(2)
  for (const body of acts) {
    expect(body.tools).toHaveLength(1)
    expect(JSON.stringify(body.messages.at(-1))).toContain('Call double twice.')
  }
  expect(acts[1]?.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'tool', 'user'])
  expect(gateway.traces.map(({ attributes }) => attributes['advice'])).toEqual(['made', 'reused'])
  expect(gateway.traces.map((trace) => trace.ledger().length)).toEqual([3, 1])
})

it('select: the calls of the one worker that makes some are handed on whole', async () => {
  replies = { a: acting, b: saying('Here is what I would do.'), judge: saying('{"draft": 1}') }
  expect(await runLoop('chooser')).toEqual({ text: 'Both are 21.', called: [10.5, 10.5] })
  for (const { body } of asked('a', 'b')) expect(body.tools).toHaveLength(1)
  expect(asked('judge').every(({ body }) => body.tools === undefined)).toBe(true)
})
