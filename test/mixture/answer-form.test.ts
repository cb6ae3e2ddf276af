/** What a client asks of the answer, through a mixture and by the official client: a form, several choices. */
import OpenAI from 'openai'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type FakeUpstream, saying, startFakeUpstream, type UpstreamReply } from '../../src/testing/fake-upstream.ts'
import { runConfig } from '../../src/testing/run-config.ts'
import type { RunningGateway } from '../../src/testing/run-gateway.ts'

let upstream: FakeUpstream
let gateway: RunningGateway
let client: OpenAI
/** What the aggregate answers, in turn. */
let answers: string[]

const config = (baseUrl: string): string => `
upstreams:
  up: { kind: openai, base_url: "${baseUrl}", max_retries: 0 }
models:
  - { id: a, upstream: up }
  - { id: b, upstream: up }
  - { id: judge, upstream: up }
mixtures:
  - { name: mix, workers: [a, b], aggregate: judge }
`

beforeEach(async () => {
  answers = []
  const judge: UpstreamReply = (response, call) => saying(answers.shift() ?? 'Nothing more.')(response, call)
  upstream = await startFakeUpstream((response, call) =>
    call.body.model === 'judge' ? judge(response, call) : saying('It is 42.')(response, call),
  )
  gateway = await runConfig(config(upstream.baseUrl))
  client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'none', maxRetries: 0 })
})

afterEach(async () => {
  await gateway.close()
  await upstream.close()
})

const messages = [{ role: 'user' as const, content: 'What is 6 times 7?' }]
const format = {
  type: 'json_schema' as const,
  json_schema: {
    name: 'sum',
    strict: true,
    schema: { type: 'object', properties: { sum: { type: 'integer', minimum: 40 } }, required: ['sum'] },
  },
}

it('a form: an answer without it is mended, streamed and not', async () => {
  for (const stream of [false, true]) {
    answers = ['{"sum": 4}', '{"sum": 42}']
    const asked = { model: 'mix', messages, response_format: format }
    const completion = stream
      ? await client.chat.completions.stream(asked).finalChatCompletion()
      : await client.chat.completions.parse(asked)
    expect(completion.choices[0]?.message).toMatchObject({ content: '{"sum": 42}', parsed: { sum: 42 } })
    expect(answers).toEqual([])
  }
  const repair = upstream.calls.findLast(({ body }) => body.model === 'judge')?.body.messages.at(-1)
  expect(repair?.content).toMatch(/does not have the form that was asked for: #\/sum/)
})

it('a form that is never reached is a 502 that says so', async () => {
  answers = ['{"sum": 4}', '{"sum": 5}']
  const response = await gateway.chat({ model: 'mix', messages, response_format: format })
  expect([response.status, response.headers.get('x-should-retry')]).toEqual([502, 'false'])
  expect(await response.json()).toMatchObject({ error: { code: 'upstream_invalid_format' } })
})

it('choices: as many as n, over the same drafts, streamed and not', async () => {
  for (const stream of [false, true]) {
    answers = ['One answer.', 'Another answer.']
    const asked = { model: 'mix', messages, n: 2 }
    const completion = stream
      ? await client.chat.completions.stream(asked).finalChatCompletion()
      : await client.chat.completions.create(asked)
    const texts = completion.choices.map(({ index, message }) => [index, message.content])
    expect(texts.map(([index]) => index)).toEqual([0, 1])
    expect(texts.map(([, text]) => text).toSorted()).toEqual(['Another answer.', 'One answer.'])
  }
  expect(upstream.calls.filter(({ body }) => body.model !== 'judge')).toHaveLength(2)
})
