/** A request that is sent again does not pay its workers again: over HTTP, with servers that count. */
import { afterEach, beforeEach, expect, it } from 'vitest'
import {
  type FakeUpstream,
  hanging,
  refusing,
  saying,
  startFakeUpstream,
  type UpstreamCall,
  type UpstreamReply,
} from '../../src/testing/fake-upstream.ts'
import { runConfig } from '../../src/testing/run-config.ts'
import type { RunningGateway } from '../../src/testing/run-gateway.ts'

let upstream: FakeUpstream
let gateway: RunningGateway
let replies: Record<string, UpstreamReply>

const config = (baseUrl: string): string => `
upstreams:
  up: { kind: openai, base_url: "${baseUrl}", max_retries: 0 }
models:
  - { id: a, upstream: up }
  - { id: b, upstream: up }
  - { id: judge, upstream: up }
mixtures:
  - { name: mix, workers: [a, b], aggregate: judge }
  - { name: forgetful, workers: [a, b], aggregate: judge, reuse_drafts_ms: 0 }
`

beforeEach(async () => {
  replies = { a: saying('Draft of a.'), b: saying('Draft of b.'), judge: saying('The answer.') }
  upstream = await startFakeUpstream((response, call) => replies[call.body.model]?.(response, call))
  gateway = await runConfig(config(upstream.baseUrl))
})

afterEach(async () => {
  await gateway.close()
  await upstream.close()
})

const body = { model: 'mix', messages: [{ role: 'user', content: 'Why?' }] }
const asked = (...models: readonly string[]): UpstreamCall[] =>
  upstream.calls.filter(({ body: { model } }) => models.includes(model))

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 2))
}

it('after the aggregate has failed, the drafts are still there', async () => {
  replies['judge'] = refusing(400, { error: { message: 'temperature is wrong' } })
  expect((await gateway.chat(body)).status).toBe(400)
  replies['judge'] = saying('The answer.')
  const response = await gateway.chat(body)
  expect(response.status).toBe(200)
  expect(await response.text()).toContain('The answer.')
  expect(asked('a', 'b')).toHaveLength(2)
  expect(gateway.traces[1]?.ledger().map(({ requested }) => requested)).toEqual(['judge'])
})

it('after the caller has left an aggregate that hangs, they are too', async () => {
  replies['judge'] = hanging
  const leave = new AbortController()
  const left = gateway.chat(body, { signal: leave.signal }).catch(() => undefined)
  await until(() => asked('judge').length === 1)
  leave.abort()
  await left
  replies['judge'] = saying('The answer.')
  expect(await (await gateway.chat(body)).text()).toContain('The answer.')
  expect(asked('a', 'b')).toHaveLength(2)
})

it('a retry that comes while the first still runs joins its workers, and keeps them when the first leaves', async () => {
  let finish = (): void => undefined
  replies['a'] = (response, call) => {
    finish = () => void saying('Draft of a.')(response, call)
  }
  replies['b'] = refusing(500, { error: { message: 'broken' } })
  const leave = new AbortController()
  const left = gateway.chat(body, { signal: leave.signal }).catch(() => undefined)
  await until(() => asked('a').length === 1 && asked('b').length === 1)
  const headers = { 'content-type': 'application/json', 'x-stainless-retry-count': '1' }
  const second = gateway.chat(body, { headers })
  // A worker that had failed is asked again: the second request is here.
  await until(() => asked('b').length === 2)
  leave.abort()
  await left
  await until(() => gateway.traces.length === 1)
  finish()
  expect(await (await second).text()).toContain('Draft of a.')
  expect(asked('a')).toHaveLength(1)
  const ledgers = gateway.traces.map((trace) => trace.ledger().map(({ requested }) => requested))
  expect(ledgers.map((rows) => rows.toSorted())).toEqual([['b'], ['a', 'b']])
})

it('nobody is given what another caller has paid for, and everybody what is theirs', async () => {
  await gateway.close()
  gateway = await runConfig(
    `${config(upstream.baseUrl)}keys: [{ name: ann, key: key-of-ann }, { name: ben, key: key-of-ben }]`,
  )
  const ask = async (key: string): Promise<number> => {
    const headers = {
      'content-type': 'application/json',
      authorization: `Bearer ${key}`,
      'x-stainless-retry-count': '1',
    }
    expect((await gateway.chat(body, { headers })).status).toBe(200)
    return asked('a', 'b').length
  }
  expect(await ask('key-of-ann')).toBe(2)
  expect(await ask('key-of-ben')).toBe(4)
  expect(await ask('key-of-ann')).toBe(4)
})

it('unless the mixture says so', async () => {
  for (let round = 0; round < 2; round += 1) await (await gateway.chat({ ...body, model: 'forgetful' })).text()
  expect(asked('a', 'b')).toHaveLength(4)
})
