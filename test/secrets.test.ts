/** Forty secrets and more are planted, and upstreams that echo them; nothing that leaves the gateway may hold one. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { systemClock } from '../src/chat/clock.ts'
import { describeConfig } from '../src/config/describe-config.ts'
import { parseConfig } from '../src/config/parse-config.ts'
import { openRequestLog } from '../src/store/request-log.ts'
import { type FakeUpstream, saying, sendJson, startFakeUpstream } from '../src/testing/fake-upstream.ts'
import { runConfig } from '../src/testing/run-config.ts'
import type { RunningGateway } from '../src/testing/run-gateway.ts'

const upstreams = 8
const secretOf = (what: string, index: number): string => `canary-${what}-${index}-"zq/9+${index}xk`
const kinds = ['key', 'header', 'token', 'user', 'password'] as const
const planted = Array.from({ length: upstreams }, (_, index) => kinds.map((kind) => secretOf(kind, index))).flat()
const callerKeys = ['canary-caller-alice-0123456789', 'canary-caller-bob-0123456789']
const canaries = [...planted, ...callerKeys]

let upstream: FakeUpstream
let gateway: RunningGateway
let text: string
let env: Record<string, string>
/** Everything that came out, with what it came from. */
const told: [from: string, text: string][] = []

beforeAll(async () => {
  let calls = 0
  upstream = await startFakeUpstream((response, call) => {
    const { headers } = call
    const all = JSON.stringify(headers)
    const echo = [
      headers.authorization,
      all,
      JSON.stringify(all),
      Buffer.from(all).toString('base64'),
      Buffer.from(headers.authorization ?? '').toString('base64url'),
      encodeURIComponent(headers.authorization ?? ''),
    ]
    const message = `${echo[calls % echo.length] ?? ''} refused`
    const status = [400, 401, 404, 429, 500, 503, 200, 302][calls % 8] ?? 500
    calls += 1
    if (call.body.model === 'good') return saying('Good.')(response, call)
    sendJson(
      response,
      { error: { message, code: message, type: message, param: message } },
      { status, headers: { location: `http://x/${encodeURIComponent(message)}`, 'x-echo': encodeURIComponent(all) } },
    )
  })
  const address = upstream.baseUrl.replace('http://', '')
  env = Object.fromEntries(
    Array.from({ length: upstreams }, (_, index) =>
      kinds.map((kind) => [`${kind}_${index}`.toUpperCase(), secretOf(kind, index)] as const),
    ).flat(),
  )
  const ups = Array.from({ length: upstreams }, (_, index) => {
    const login = `${encodeURIComponent(secretOf('user', index))}:${encodeURIComponent(secretOf('password', index))}@`
    return `  u${index}: { kind: openai, max_retries: 1, base_url: "http://${login}${address}", api_key: "\${KEY_${index}}", headers: { x-secret: "\${HEADER_${index}}", x-token: "\${TOKEN_${index}}" } }`
  })
  const models = Array.from({ length: upstreams }, (_, index) => [
    `  - { id: m${index}, upstream: u${index} }`,
    `  - { id: n${index}, upstream: u${index} }`,
  ]).flat()
  text = [
    'upstreams:',
    ...ups,
    'models:',
    ...models,
    '  - { id: good, upstream: u0 }',
    'mixtures:',
    '  - { name: generic, workers: [good, m1, m2], aggregate: m3, quorum: 1, grace_ms: 500 }',
    '  - { name: broken, workers: [m4, m5], aggregate: m6 }',
    'keys:',
    `  - { name: alice, key: ${callerKeys[0] ?? ''} }`,
    `  - { name: bob, key: ${callerKeys[1] ?? ''}, models: [generic] }`,
    '',
  ].join('\n')
  gateway = await runConfig(text, env)
})

afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

async function hear(from: string, path: string, init: RequestInit = {}): Promise<void> {
  const response = await fetch(gateway.url + path, init)
  told.push([from, `${response.status} ${JSON.stringify([...response.headers])} ${await response.text()}`])
}

/** Every form in which somebody could read it. */
function formsOf(secret: string): string[] {
  const json = JSON.stringify(secret).slice(1, -1)
  return [
    secret,
    json,
    JSON.stringify(json).slice(1, -1),
    encodeURIComponent(secret),
    Buffer.from(secret).toString('base64').slice(0, -4),
    Buffer.from(secret).toString('base64url').slice(0, -4),
    Buffer.from(secret).toString('hex'),
  ]
}

it('plants at least forty', () => {
  expect(new Set(planted).size).toBeGreaterThanOrEqual(40)
})

it('tells none in an answer, an error, a header, a trace, the log or a description', async () => {
  const [alice = '', bob = ''] = callerKeys
  for (const model of [
    ...Array.from({ length: upstreams }, (_, index) => [`m${index}`, `n${index}`]).flat(),
    'generic',
    'broken',
    'nothing',
  ]) {
    for (const stream of [true, false]) {
      const body = JSON.stringify({
        model,
        stream,
        messages: [{ role: 'user', content: 'Hi' }],
        mollmr: { include: ['usage'] },
      })
      await hear(`${model} ${stream ? 'streamed' : ''}`, '/v1/chat/completions', {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json', authorization: `Bearer ${alice}` },
      })
    }
  }
  for (const path of [
    '/',
    '/v1/models',
    '/v1/models/m1',
    '/health/ready',
    '/openapi.json',
    '/metrics',
    '/v1/models/m2?key=x',
  ])
    await hear(path, path, { headers: { 'x-api-key': alice } })
  await hear('forbidden', '/v1/models/m1', { headers: { 'x-api-key': bob } })
  await hear('wrong key', '/v1/models', { headers: { 'x-api-key': `${bob}x` } })
  for (const { id } of gateway.traces)
    await hear(`trace ${id}`, `/mollmr/v1/traces/${id}`, { headers: { 'x-api-key': alice } })
  told.push(['traces', JSON.stringify(gateway.traces.map((trace) => [trace.attributes, trace.spans()]))])
  told.push([
    'errors inside',
    gateway.errors.map((error) => `${(error as Error).stack ?? ''} ${JSON.stringify(error)}`).join('\n'),
  ])
  told.push(['description', describeConfig(parseConfig({ text, path: 'c.yaml', env }).config)])
  told.push(['log', logOf(gateway)])

  const leaks = told.flatMap(([from, said]) =>
    canaries.flatMap((secret) => formsOf(secret).flatMap((form) => (said.includes(form) ? [`${from}: ${form}`] : []))),
  )
  expect(leaks).toEqual([])
  expect(upstream.calls.length).toBeGreaterThan(20)
  expect(told.some(([, said]) => said.includes('***'))).toBe(true)
})

it.each([
  ['an unknown key', 'mixtures: []\nkeys: [{ name: a, kee: SECRET }]'],
  ['a wrong kind', 'mixtures: []\nupstreams: { u: { kind: SECRET, base_url: SECRET } }'],
  ['a wrong address', 'mixtures: []\nupstreams: { u: { kind: openai, base_url: SECRET, api_key: SECRET } }'],
  ['a wrong type', 'mixtures: []\nupstreams: { u: { kind: openai, base_url: "http://a", api_key: { a: SECRET } } }'],
  ['a broken line', 'mixtures: []\nkeys: [{ name: a, key: "SECRET'],
  [
    'a broken variable',
    'mixtures: [{ name: x, aggregate: y }]\nupstreams: { u: { kind: openai, base_url: "http://a", api_key: "${UNSET}SECRET" } }',
  ],
])('tells none in the message about a config with %s', (_name, written) => {
  const secret = 'canary-config-0123456789'
  let message = ''
  try {
    parseConfig({ text: written.replaceAll('SECRET', secret), path: 'c.yaml', env: {} })
  } catch (error) {
    message = (error as Error).message
  }
  expect(message).not.toBe('')
  expect(message).not.toContain(secret)
})

function logOf({ traces }: RunningGateway): string {
  const folder = mkdtempSync(join(tmpdir(), 'mollmr-secrets-'))
  try {
    const log = openRequestLog(folder, {
      clock: systemClock,
      process: { pid: 1, isAlive: () => false },
      onError: (error) => told.push(['log error', String(error)]),
    })
    for (const trace of traces) {
      log.begin(trace)
      log.add(trace)
    }
    log.close()
    return readdirSync(folder)
      .map((file) => readFileSync(join(folder, file), 'latin1'))
      .join('\n')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
