/** `mollmr doctor` as a process, with real servers on the loopback. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  callingTool,
  type FakeUpstream,
  refusing,
  saying,
  sendJson,
  startFakeUpstream,
  type UpstreamReply,
} from '../src/testing/fake-upstream.ts'

const bin = join(import.meta.dirname, '../src/cli/bin.ts')
const key = 'sk-canary-0123456789abcdef'

let able: FakeUpstream
let toolless: FakeUpstream
/** Refuses every key, and says all that it was sent. */
let locked: Server
let folder: string

const answers: UpstreamReply = (response, call) =>
  saying(call.body.response_format ? '{"legs":8,"has_wings":false}' : 'one two three')(response, call)

beforeAll(async () => {
  able = await startFakeUpstream(
    (response, call) =>
      call.body.tools
        ? callingTool({ name: 'get_weather', arguments: { city: 'Paris' } })(response, call)
        : answers(response, call),
    ['good', 'fine'],
  )
  toolless = await startFakeUpstream(
    (response, call) =>
      call.body.tools
        ? refusing(400, { error: { message: 'this model does not support tools' } })(response, call)
        : answers(response, call),
    ['plain'],
  )
  locked = createServer(({ headers }, response) => {
    sendJson(response, { error: { message: `Wrong key: ${JSON.stringify(headers)}` } }, { status: 401 })
  })
  await new Promise<void>((resolve) => locked.listen(0, '127.0.0.1', resolve))
})

afterAll(async () => {
  await able.close()
  await toolless.close()
  locked.closeAllConnections()
  locked.close()
})

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mollmr-doctor-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** Without the environment of the tests, where keys of hosted models may be. */
async function doctor(config: string, words: readonly string[] = [], env: Record<string, string> = {}): Promise<Ended> {
  writeFileSync(join(folder, 'mollmr.yaml'), config)
  const child = spawn(process.execPath, [bin, 'doctor', ...words], { cwd: folder, env })
  const [out, err] = [child.stdout, child.stderr].map((stream) => {
    const said: Buffer[] = []
    stream.on('data', (data: Buffer) => said.push(data))
    return said
  })
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { code, out: String(Buffer.concat(out ?? [])), err: String(Buffer.concat(err ?? [])) }
}

function configOf(upstreams: string, models: string, mixtures = ''): string {
  return `server: { port: 0 }\nupstreams:\n${upstreams}\nmodels:\n${models}\nmixtures: [${mixtures}]\n`
}

const up = (id: string, baseUrl: string, more = ''): string =>
  `  ${id}: { kind: openai, base_url: "${baseUrl}", max_retries: 0${more} }`
const lockedUrl = (): string => `http://127.0.0.1:${(locked.address() as AddressInfo).port}/v1`

const wellConfig = (): string =>
  configOf(
    up('up', able.baseUrl),
    '  - { id: good, upstream: up, price: { input: 1, output: 2 } }\n  - { id: fine, upstream: up, price: { input: 1, output: 2 } }',
    '{ name: generic, workers: [good, fine], aggregate: good }',
  )

interface Printed {
  readonly status: string
  readonly exit_code: number
  readonly [part: string]: unknown
}

// Each test starts processes.
describe('mollmr doctor', { timeout: 60_000 }, () => {
  it('ends with 0 where all is well, having said first what it will ask and what that may cost', async () => {
    const { code, out, err } = await doctor(wellConfig())
    expect(err).toMatch(/^Asking 2 models, at most 6 calls, \d+ tokens and 0\.00\d+ USD\. --no-calls asks none\.\n$/)
    expect(out).toContain('✓ good  first content after ')
    expect(out).toContain('; calls tools; keeps to a JSON schema\n')
    expect(out).toContain(`✓ up    ${able.baseUrl}: lists 2 models`)
    expect(out).toContain('✓ the clock agrees with that of up\n')
    expect(out).toMatch(/Nothing failed\.\n$/)
    expect(out).not.toContain('generic')
    expect(out).not.toContain('\u001b')
    expect(code).toBe(0)
  })

  it('prints the same as one object, of the form that its page shows', async () => {
    const { code, out } = await doctor(wellConfig(), ['--json'])
    const printed = JSON.parse(out) as Printed
    expect([code, printed.status, printed.exit_code]).toEqual([0, 'ok', 0])
    expect(printed).toMatchObject({
      models: [
        { id: 'good', answer: { mark: 'ok', calls: 1 }, tools: { mark: 'ok' }, json: { mark: 'ok' } },
        { id: 'fine' },
      ],
      expected: { calls: 6, unpriced: [] },
      consequences: [],
    })
    const page = readFileSync(new URL('../docs/doctor.md', import.meta.url), 'utf8')
    const shown = JSON.parse(/^```json\n([^]*?)^```/m.exec(page)?.[1] ?? '') as Printed
    expect(shapeOf(printed)).toEqual(shapeOf(shown))
  })

  it('ends with 1 where an upstream is down, and says what follows', async () => {
    const config = configOf(
      `${up('up', able.baseUrl)}\n${up('down', 'http://127.0.0.1:1/v1')}`,
      '  - { id: good, upstream: up }\n  - { id: gone, upstream: down }',
      '{ name: generic, workers: [good, gone], aggregate: gone }',
    )
    const { code, out, err } = await doctor(config)
    expect(code).toBe(1)
    expect(err).toContain('Asking 1 model, at most 3 calls')
    expect(out).toContain('Nothing listens at http://127.0.0.1:1: start the server, or correct base_url.')
    expect(out).toContain('✗ gone     its upstream down cannot be used  upstream_unreachable')
    expect(out).toContain('! generic  makes its answers of 1 of 2 drafts: gone fails')
    expect(out).toContain('! generic  gives its best draft for an answer: its aggregate gone fails')
  })

  it.each([[['--json']], [[]]])('says with %j where a refused key comes from, and the key nowhere', async (words) => {
    const url = lockedUrl().replace('//', `//me:${key}-of-me@`)
    const config = configOf(
      [
        up('hosted', lockedUrl(), ', api_key: "${MY_KEY}"'),
        up('headed', url, ', headers: { x-team: "${MY_KEY}-of-a-team" }'),
        `  claude: { kind: anthropic, base_url: "${lockedUrl()}", api_key: "\${MY_KEY}" }`,
        `  gemini: { kind: google, base_url: "${lockedUrl()}", api_key: "\${MY_KEY}" }`,
        `  mistral: { kind: ai-sdk, package: "@ai-sdk/mistral", options: { apiKey: "\${MY_KEY}", baseURL: "${lockedUrl()}" } }`,
      ].join('\n'),
      ['hosted', 'headed', 'claude', 'gemini', 'mistral']
        .map((id) => `  - { id: a-${id}, upstream: ${id} }`)
        .join('\n'),
    )
    const { code, out, err } = await doctor(config, words, { MY_KEY: key })
    expect(code).toBe(1)
    expect(out.match(/upstream_auth_failed/g)).toHaveLength(9)
    expect(out).toContain('***')
    expect(out).toContain('upstream_auth_failed')
    expect(out).toContain('The key in MY_KEY is refused: put a valid one there.')
    expect(out + err).not.toContain(key)
  })

  it('takes a model without tools for what it is, which is no fault', async () => {
    const config = configOf(
      up('up', toolless.baseUrl),
      '  - { id: plain, upstream: up }',
      '{ name: generic, workers: [plain], aggregate: plain }',
    )
    const { code, out } = await doctor(config)
    expect(code).toBe(0)
    expect(out).toContain('this model does not support tools  upstream_bad_request')
    expect(out).toContain('! generic  answers in words where tools are offered: its aggregate plain calls none')
  })

  it('ends with 78 for a config that cannot be used, with each of its problems', async () => {
    const broken =
      'mixtures: [{ nam: x }]\nupstreams: { up: { kind: openai, base_url: "http://a/v1", api_key: "${NOT_SET}" } }\n'
    const { code, out, err } = await doctor(broken)
    expect([code, err]).toEqual([78, ''])
    expect(out).toMatch(/✗ mollmr\.yaml:1:\d+ mixtures\[0\]\.nam: /)
    expect(out).toContain('the environment variable NOT_SET is not set')
    const printed = JSON.parse((await doctor(broken, ['--json'])).out) as Printed
    expect(printed).toMatchObject({ status: 'failed', exit_code: 78, port: null, models: [] })
  })

  it('ends with 78 where other machines could ask without a key, unless that is meant', async () => {
    const { code, out } = await doctor(wellConfig(), ['--host', '0.0.0.0', '--no-calls'])
    expect(code).toBe(78)
    expect(out).toContain('✗ Anybody who reaches 0.0.0.0 could ask')
    const meant = await doctor(wellConfig(), ['--host', '0.0.0.0', '--no-calls', '--insecure-no-auth'])
    expect(meant.code).toBe(0)
  })

  it('asks nobody with --no-calls, and looks for the models in the list of their upstream', async () => {
    const before = able.calls.length
    const config = configOf(up('up', able.baseUrl), '  - { id: good, upstream: up }\n  - { id: goood, upstream: up }')
    const { code, out, err } = await doctor(config, ['--no-calls'])
    expect([code, err, able.calls.length]).toEqual([0, '', before])
    expect(out).toContain('✓ good   not asked; up lists it')
    expect(out).toContain('There is no "goood" there; it has "good".')
  })

  it('asks only the models that --model names, or those in a mixture', async () => {
    const config = configOf(
      `${up('up', able.baseUrl)}\n${up('down', 'http://127.0.0.1:1/v1')}`,
      '  - { id: good, upstream: up }\n  - { id: fine, upstream: up }\n  - { id: gone, upstream: down }',
      '{ name: generic, workers: [good, good], aggregate: fine }',
    )
    const ids = async (...words: string[]): Promise<unknown> => {
      const { code, out } = await doctor(config, ['--json', ...words])
      return [code, (JSON.parse(out) as { models: { id: string }[] }).models.map(({ id }) => id)]
    }
    expect(await ids('--model', 'good')).toEqual([0, ['good']])
    expect(await ids('--model', 'mollmr/generic')).toEqual([0, ['good', 'fine']])
    const unknown = await doctor(config, ['--model', 'goood'])
    expect([unknown.code, unknown.err]).toEqual([1, expect.stringContaining('Did you mean "good"?')])
  })
})

/** The keys of an object at all depths; of a list, those of its first element. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(shapeOf)
  if (typeof value !== 'object' || value === null) return null
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shapeOf(inner)]))
}
