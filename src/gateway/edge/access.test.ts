/** Who may ask what: keys, allow-lists, and what strangers hear. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { digestKey } from '../../config/key-digest.ts'
import { openChaosClient, writeRequest } from '../../testing/chaos-client.ts'
import { runConfig } from '../../testing/run-config.ts'
import type { RunningGateway } from '../../testing/run-gateway.ts'

const alice = 'mk_alice_0123456789abcdef'
const bob = 'mk_bob_0123456789abcdef'
const config = `
upstreams: { sim: { kind: simulated } }
mixtures: [{ name: generic, workers: [sim], aggregate: sim }, { name: facts, workers: [sim], aggregate: sim }]
router: { default: generic, compose: { pool: [sim] } }
keys:
  - { name: alice, hash: "${digestKey(alice)}" }
  - { name: bob, key: "\${BOB_KEY}", models: [router, generic] }
`
const messages = [{ role: 'user', content: 'Hi' }]

let gateway: RunningGateway

beforeAll(async () => {
  gateway = await runConfig(config, { BOB_KEY: bob })
})

afterAll(async () => {
  await gateway.close()
})

function ask(body: object, headers: Readonly<Record<string, string>>): Promise<Response> {
  return gateway.chat(body, { headers: { 'content-type': 'application/json', ...headers } })
}

async function codeOf(response: Response): Promise<unknown> {
  return ((await response.json()) as { error?: { code: unknown } }).error?.code
}

const bearer = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` })

describe('a response that is kept', () => {
  const respond = (key: string, path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${gateway.url}/v1/responses${path}`, {
      ...init,
      headers: { 'content-type': 'application/json', ...bearer(key) },
    })

  it('is shown, gone on from and deleted by its own key only', async () => {
    const body = JSON.stringify({ model: 'generic', input: 'Hi' })
    const { id } = (await (await respond(alice, '', { method: 'POST', body })).json()) as { id: string }
    const onward = JSON.stringify({ model: 'generic', input: 'And?', previous_response_id: id })
    const statusOf = async (response: Promise<Response>): Promise<number> => {
      const { status, ...rest } = await response.then(async (each) => ({
        status: each.status,
        text: await each.text(),
      }))
      if (status !== 200) expect(rest.text).not.toContain('alice')
      return status
    }
    expect(await statusOf(respond(bob, `/${id}`))).toBe(404)
    expect(await statusOf(respond(bob, `/${id}`, { method: 'DELETE', body: '{}' }))).toBe(404)
    expect(await statusOf(respond(bob, '', { method: 'POST', body: onward }))).toBe(400)
    expect(await statusOf(fetch(`${gateway.url}/v1/responses/${id}`))).toBe(401)
    expect(await statusOf(respond(alice, '', { method: 'POST', body: onward }))).toBe(200)
    expect(await statusOf(respond(alice, `/${id}`))).toBe(200)
    expect(await statusOf(respond(alice, `/${id}`, { method: 'DELETE', body: '{}' }))).toBe(200)
    expect(await statusOf(respond(alice, `/${id}`))).toBe(404)
  })
})

describe('a good key', () => {
  it.each([
    ['as a bearer token', bearer(alice)],
    ['as a bearer token in small letters', { authorization: `bearer ${alice}` }],
    ['as x-api-key', { 'x-api-key': alice }],
    ['as x-goog-api-key', { 'x-goog-api-key': alice }],
    ['beside a bearer token for somebody else', { ...bearer('sk-other'), 'x-api-key': alice }],
    ['that the config has from a variable', bearer(bob)],
  ])('%s is let in', async (_name, headers) => {
    const response = await ask({ model: 'generic', messages }, headers)
    expect(response.status).toBe(200)
    await response.text()
  })

  it('is known by its name from then on', async () => {
    const before = gateway.traces.length
    await (await ask({ model: 'generic', messages }, bearer(alice))).text()
    expect(gateway.traces[before]?.attributes['key']).toBe('alice')
    expect(JSON.stringify(gateway.traces[before]?.spans())).not.toContain(alice)
  })
})

describe('no good key', () => {
  it.each(['/mollmr/v1/traces/', '/v1/responses/'])('is a 401 at %s however long the id is', async (path) => {
    const responses = await Promise.all(
      [5, 501, 60_000].map((length) => fetch(gateway.url + path + 'x'.repeat(length))),
    )
    expect(responses.map(({ status }) => status)).toEqual([401, 401, 401])
  })

  const wrong: [name: string, headers: Record<string, string>][] = [
    ['none', {}],
    ['an empty one', bearer('')],
    ['another', bearer('mk_alice_0123456789abcdeX')],
    ['the beginning of a good one', bearer(alice.slice(0, -1))],
    ['a good one and more', bearer(`${alice}x`)],
    ['the hash of a good one', bearer(digestKey(alice))],
    ['64 KB', bearer('x'.repeat(64 * 1024))],
    ['SQL', bearer("' or 1=1; --")],
    ['another scheme', { authorization: `Basic ${Buffer.from(`a:${alice}`).toString('base64')}` }],
    ['headers of our own', { 'x-mollmr-key': 'alice', 'x-mollmr-auth': 'off', 'x-mollmr-debug': '1' }],
  ]

  it.each(wrong)('%s is a 401 with the one text', async (_name, headers) => {
    const response = await ask({ model: 'generic', messages }, headers)
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toBe('Bearer')
    expect(await response.json()).toEqual({
      error: {
        message: 'Send a valid key as "authorization: Bearer KEY" or "x-api-key: KEY".',
        type: 'authentication_error',
        param: null,
        code: 'invalid_api_key',
      },
    })
  })

  it('is refused before the body is there', async () => {
    const client = await openChaosClient(gateway.url)
    client.write(
      writeRequest('/v1/chat/completions', {}, { 'content-length': '100000', authorization: 'Bearer é\u0080' }),
    )
    await client.until('invalid_api_key')
    client.leave()
  })

  it.each(['/v1/models', '/v1/models/generic', '/openapi.json', '/mollmr/v1/traces/x', '/nothing'])(
    'is a 401 at %s, too',
    async (path) => {
      expect((await fetch(gateway.url + path)).status).toBe(401)
    },
  )

  it.each(['/health/live', '/health/ready', '/'])('is enough for %s', async (path) => {
    expect((await fetch(gateway.url + path)).status).toBe(200)
  })

  it('is enough to ask whether a page may ask', async () => {
    const response = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'OPTIONS',
      headers: { origin: 'https://page.example', 'access-control-request-headers': 'authorization' },
    })
    expect([response.status, response.headers.get('access-control-allow-headers')]).toEqual([204, 'authorization'])
  })
})

describe('a key for some models', () => {
  it.each([
    [{ model: 'mollmr/generic', messages }, 200],
    [{ model: 'router', messages }, 200],
    [{ model: 'facts', messages }, 403],
    [{ model: 'mollmr/sim', messages }, 403],
    [{ model: 'router', messages, mollmr: { mixture: 'facts' } }, 403],
    [{ model: 'generic', messages, mollmr: { workers: ['sim'] } }, 403],
    [{ model: 'generic', messages, mollmr: { aggregate: 'facts' } }, 403],
    [{ model: 'router', messages, mollmr: { mixture: 'mollmr/generic' } }, 200],
    [{ model: 'router', messages, mollmr: { mixture: 'compose' } }, 200],
    [{ model: 'router', messages, mollmr: { mixture: 'mollmr/compose' } }, 200],
    [{ model: 'generic', messages, mollmr: { mixture: 'compose' } }, 404],
    [{ model: 'router', messages, mollmr: { mixture: 'nothing' } }, 403],
    [{ model: 'nothing', messages }, 404],
  ])('%j is a %d', async (body, status) => {
    const response = await ask(body, bearer(bob))
    expect(response.status).toBe(status)
    if (status === 403) expect(await codeOf(response)).toBe('model_not_allowed')
    else await response.text()
  })

  it('lists those and shows no other', async () => {
    const list = await fetch(`${gateway.url}/v1/models`, { headers: bearer(bob) })
    const { data } = (await list.json()) as { data: { id: string }[] }
    expect(data.map(({ id }) => id)).toEqual(['mollmr/router', 'mollmr/generic'])
    const other = await fetch(`${gateway.url}/v1/models/facts`, { headers: bearer(bob) })
    expect([other.status, await codeOf(other)]).toEqual([403, 'model_not_allowed'])
  })
})

it.each([
  ['that was answered', { model: 'generic', messages }],
  ['that was refused', { model: 'generic' }],
])('shows the trace of a request %s to the key that made it, and to no other', async (...[, body]) => {
  const response = await ask(body, bearer(alice))
  await response.text()
  const path = `${gateway.url}/mollmr/v1/traces/${response.headers.get('x-request-id') ?? ''}`
  expect((await fetch(path, { headers: bearer(alice) })).status).toBe(200)
  expect((await fetch(path, { headers: bearer(bob) })).status).toBe(404)
})

describe('a key with a budget', () => {
  it('is a 402 once the day is spent, whatever it asks, and no other key is', async () => {
    const keys = ['key-of-carol-0123456789', 'key-of-dave-0123456789'] as const
    const spending = await runConfig(`
upstreams: { sim: { kind: simulated, tokens_per_second: 100000, first_token_ms: 0 } }
models: [{ id: a, upstream: sim }]
keys:
  - { name: carol, hash: "${digestKey(keys[0])}", budget: { max_calls: 2 } }
  - { name: dave, hash: "${digestKey(keys[1])}" }
`)
    const ask = async (key: string, stream: boolean): Promise<number> => {
      const messages = [{ role: 'user', content: 'Hi' }]
      const headers = { 'content-type': 'application/json', 'x-api-key': key }
      const response = await spending.chat({ model: 'a', stream, messages }, { headers })
      await response.text()
      return response.status
    }
    const asked = await Promise.all([true, false, true, false].map((stream) => ask(keys[0], stream)))
    expect(asked.sort()).toEqual([200, 200, 402, 402])
    expect(await ask(keys[1], false)).toBe(200)
    await spending.close()
  })
})
