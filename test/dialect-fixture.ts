/** One gateway for the tests of every dialect: single models with their ways, a mixture of two drafts, a router. */
import {
  callingTool,
  refusing,
  saying,
  sendEvents,
  startFakeUpstream,
  type FakeUpstream,
  type UpstreamReply,
} from '../src/testing/fake-upstream.ts'
import { runConfig } from '../src/testing/run-config.ts'
import type { RunningGateway } from '../src/testing/run-gateway.ts'

const configOf = (baseUrl: string): string => `
upstreams:
  up: { kind: openai, base_url: "${baseUrl}", max_retries: 0 }
models:
  - { id: org/single, upstream: up, name: single }
  - { id: worker, upstream: up }
  - { id: aggregate, upstream: up }
  - { id: cut, upstream: up }
  - { id: limited, upstream: up }
  - { id: whole, upstream: up }
mixtures:
  - { name: generic, description: "Anything", workers: [{ model: worker, samples: 2 }], aggregate: aggregate, grace_ms: 0 }
router:
  default: generic
  rules: [{ when: { matches: "." }, use: generic }]
`

/** One chunk of a stream. */
const delta = (fields: object, finish: string | null = null): string =>
  JSON.stringify({
    id: 'chatcmpl-up',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'up',
    choices: [{ index: 0, delta: fields, finish_reason: finish }],
  })

/** Calls the tool at first, answers once its result is there. */
export const calling: UpstreamReply = (response, call) => {
  const hasResult = call.body.messages.some(({ role }) => role === 'tool')
  const reply = hasResult ? saying('The sum is 3.') : callingTool({ name: 'add', arguments: { a: 1, b: 2 } })
  return reply(response, call)
}

const usage = {
  prompt_tokens: 20,
  completion_tokens: 4,
  total_tokens: 24,
  prompt_tokens_details: { cached_tokens: 8 },
}

/** Says half of it, then breaks off. */
export const cut: UpstreamReply = (response) => {
  sendEvents(response, [delta({ role: 'assistant', content: 'Half' })], false)
  response.write('', () => response.socket?.destroy())
}

/** Thinks, then answers. */
export const thinking: UpstreamReply = (response) => {
  sendEvents(response, [
    delta({ role: 'assistant', reasoning_content: 'Round' }),
    delta({ reasoning_content: ' things.' }),
    delta({ content: 'Wheels.' }),
    delta({}, 'stop'),
    '[DONE]',
  ])
}

const whole: UpstreamReply = (response, call) =>
  saying('All at once.')(response, { ...call, body: { ...call.body, stream: false } })

export interface DialectFixture {
  readonly upstream: FakeUpstream
  readonly gateway: RunningGateway
  /** What each model of the upstream answers; the others say "The answer.". */
  replies: Record<string, UpstreamReply>
  close(): Promise<void>
}

export async function startDialectFixture(): Promise<DialectFixture> {
  const limited = refusing(429, { error: { message: 'Too fast.' } }, { 'retry-after': '2' })
  const fixture = { replies: { limited, cut, whole } as Record<string, UpstreamReply> }
  const upstream = await startFakeUpstream((response, call) =>
    (fixture.replies[call.body.model] ?? saying('The answer.', { usage }))(response, call),
  )
  const gateway = await runConfig(configOf(upstream.baseUrl))
  return Object.assign(fixture, {
    upstream,
    gateway,
    close: async () => {
      await gateway.close()
      await upstream.close()
    },
  })
}
