/** Who can rest a model for everybody: its operator's account can, a caller cannot. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type FakeUpstream,
  refusing,
  saying,
  startFakeUpstream,
  type UpstreamReply,
} from '../src/testing/fake-upstream.ts'
import { runConfig } from '../src/testing/run-config.ts'
import type { RunningGateway } from '../src/testing/run-gateway.ts'

const failing = (status: number, message: string, fields: object = {}): UpstreamReply =>
  refusing(status, { error: { message, ...fields } })

const ofCallers: Readonly<Record<string, UpstreamReply>> = {
  'a schema that speaks of billing': failing(400, "Invalid schema for function 'get_billing_info'"),
  'a text that a moderation flags': failing(403, 'Input was flagged', { code: 403, metadata: { reasons: ['hate'] } }),
  'a conversation that is in use': failing(409, 'Locked', { code: 'conversation_locked' }),
  'an image that is too large': failing(413, 'Too large'),
  'a prompt that the Responses API does not take': refusing(200, { error: { message: 'No.', code: 'invalid_prompt' } }),
}
const ofOperators: Readonly<Record<string, UpstreamReply>> = {
  'a wrong key': failing(401, 'No.'),
  'an account without credits': failing(402, 'Insufficient credits'),
  'a used-up quota': failing(429, 'Pay.', { code: 'insufficient_quota' }),
  'an account without credits, told beside no choices': refusing(200, {
    choices: [],
    error: { code: 402, message: 'Pay.' },
  }),
}
const replies = Object.entries({ ...ofCallers, ...ofOperators })
const modelOf = (what: string): string => `m${replies.findIndex(([name]) => name === what)}`

let upstream: FakeUpstream
let gateway: RunningGateway

beforeAll(async () => {
  upstream = await startFakeUpstream(saying('Good.'))
  gateway = await runConfig(`
upstreams: { up: { kind: openai, base_url: "${upstream.baseUrl}", max_retries: 0 } }
models: [${replies.map(([name]) => `{ id: ${modelOf(name)}, upstream: up }`).join(', ')}]
`)
})

afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

async function ask(what: string, reply: UpstreamReply): Promise<[number, string]> {
  upstream.reply = reply
  const response = await gateway.chat({ model: modelOf(what), messages: [{ role: 'user', content: 'Hi' }] })
  const { error } = (await response.json()) as { error?: { code: string } }
  return [response.status, error?.code ?? 'ok']
}

describe('a caller with', () => {
  it.each(Object.entries(ofCallers))('%s is told so, and everybody else is answered', async (what, reply) => {
    for (let time = 0; time < 6; time += 1) {
      const [status, code] = await ask(what, reply)
      expect([400, 413]).toContain(status)
      expect(code).toBe('upstream_bad_request')
    }
    expect(await ask(what, saying('Good.'))).toEqual([200, 'ok'])
  })
})

describe('an operator with', () => {
  it.each(Object.entries(ofOperators))('%s has the model rest at once', async (what, reply) => {
    const [status, code] = await ask(what, reply)
    expect(status).toBe(502)
    expect(['upstream_auth_failed', 'upstream_quota_exhausted']).toContain(code)
    const asked = upstream.calls.length
    expect(await ask(what, saying('Good.'))).toEqual([502, 'upstream_unavailable'])
    expect(upstream.calls).toHaveLength(asked)
  })
})
