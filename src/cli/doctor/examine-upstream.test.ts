import { createServer, type IncomingMessage } from 'node:http'
import { type AddressInfo, createServer as createPlainServer } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../chat/clock.ts'
import { parseConfig } from '../../config/parse-config.ts'
import { sendJson } from '../../testing/fake-upstream.ts'
import { examineUpstreams, settle, type UpstreamReport } from './examine-upstream.ts'
import { findingOf } from './finding.ts'
import { unasked } from './probe-models.ts'

const closing: (() => void)[] = []

afterEach(() => {
  for (const close of closing.splice(0)) close()
})

/** Lists its models at `/v1/models` alone; `statusOf` may refuse. */
async function startServer(statusOf: (request: IncomingMessage) => number = () => 200): Promise<string> {
  const server = createServer((request, response) => {
    const status = request.url === '/v1/models' ? statusOf(request) : 404
    const body = status === 200 ? { data: [{ id: 'a' }, { id: 'b' }] } : { error: { message: 'No.' } }
    sendJson(response, body, { status })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function examined(written: string, env: Record<string, string> = {}): Promise<UpstreamReport | undefined> {
  const text = `upstreams: { up: { ${written} } }\nmodels: [{ id: a, upstream: up }]\n`
  const { config, variables } = parseConfig({ text, path: '/nowhere/c.yaml', env })
  const { signal } = new AbortController()
  const [report] = await examineUpstreams([...config.upstreams.values()], {
    signal,
    clock: systemClock,
    variables,
    env,
  })
  return report
}

describe('an upstream', () => {
  it('that lists its models is well, and its address is shown without the user in it', async () => {
    const url = await startServer()
    const report = await examined(`kind: openai, base_url: "${url.replace('//', '//me:password@')}/v1"`)
    expect(report).toMatchObject({
      url: `${url}/v1`,
      finding: { mark: 'ok', message: 'lists 2 models' },
      names: ['a', 'b'],
      isReachable: true,
    })
    expect(Math.abs(report?.clockAheadMs ?? Infinity)).toBeLessThan(60_000)
  })

  it.each([
    ['without its /v1', '', '/v1'],
    ['with /v1 twice', '/v1/v1', '/v1'],
    ['with the path of the call', '/v1/chat/completions', '/v1'],
  ])('%s is told the address at which the models are', async (_what, wrong, right) => {
    const url = await startServer()
    const report = await examined(`kind: openai, base_url: "${url}${wrong}"`)
    expect(report?.finding).toMatchObject({
      mark: 'failed',
      code: 'upstream_bad_content_type',
      todo: `Write base_url: "${url}${right}"; the models are listed there.`,
    })
    expect(report?.isReachable).toBe(true)
  })

  it('that has no list at any likely place is doubted, not given up', async () => {
    const url = await startServer(() => 404)
    const { finding, isReachable } = (await examined(`kind: openai, base_url: "${url}/v1"`)) ?? {}
    expect([finding?.mark, isReachable]).toEqual(['warning', true])
  })

  it('that refuses its key is told which variable holds it', async () => {
    const url = await startServer(({ headers }) => (headers.authorization === 'Bearer right-key' ? 200 : 401))
    const written = `kind: openai, base_url: "${url}/v1", api_key: "\${A_KEY:-}"`
    const todo = async (env: Record<string, string>): Promise<unknown> => (await examined(written, env))?.finding.todo
    expect(await todo({ A_KEY: 'right-key' })).toBeNull()
    expect(await todo({ A_KEY: 'wrong-key' })).toBe('The key in A_KEY is refused: put a valid one there.')
    expect(await todo({})).toBe('Set A_KEY: there is no key in it.')
    const literal = await examined(`kind: openai, base_url: "${url}/v1", api_key: wrong-key`)
    expect(literal?.finding.todo).toContain('stands in the config and is refused')
    const none = await examined(`kind: openai, base_url: "${url}/v1"`)
    expect(none?.finding.todo).toContain('has no key in the config')
  })

  it('that nobody serves is not there', async () => {
    const report = await examined('kind: openai, base_url: "http://127.0.0.1:1/v1"')
    expect(report).toMatchObject({
      isReachable: false,
      finding: {
        mark: 'failed',
        code: 'upstream_unreachable',
        todo: 'Nothing listens at http://127.0.0.1:1: start the server, or correct base_url.',
      },
    })
  })

  it('whose name nobody knows is told so', async () => {
    const report = await examined('kind: openai, base_url: "http://nowhere.invalid/v1"')
    expect(report?.finding.todo).toContain('The name in http://nowhere.invalid is not known')
  })

  it('that speaks no TLS is told to be asked without', async () => {
    const plain = createPlainServer((socket) => socket.on('error', () => undefined).end('220 Hello\r\n'))
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve))
    closing.push(() => plain.close())
    const report = await examined(
      `kind: openai, base_url: "https://127.0.0.1:${(plain.address() as AddressInfo).port}/v1"`,
    )
    expect(report?.isReachable).toBe(false)
    expect(report?.finding.todo).toContain('does not speak TLS: write http://')
  })

  it('that is a file is looked for', async () => {
    const there = await examined(`kind: local, gguf: "${import.meta.filename}"`)
    expect(there?.finding).toMatchObject({ mark: 'ok' })
    const gone = await examined('kind: local, gguf: ./gone.gguf')
    expect(gone?.finding).toMatchObject({ mark: 'failed', message: 'There is no file /nowhere/gone.gguf.' })
    expect(gone?.isReachable).toBe(false)
  })
})

describe('settle', () => {
  const upstream: UpstreamReport = {
    ...{ id: 'up', kind: 'openai', url: 'http://up/v1', names: null, isReachable: true, clockAheadMs: null },
    finding: findingOf('failed', 'Its list is refused.', 'Do something.'),
  }
  const model = (mark: 'ok' | 'failed', on = 'up') => ({
    id: 'a',
    upstream: on,
    checks: {
      answer: unasked(findingOf(mark, '')),
      tools: unasked(findingOf(mark, '')),
      json: unasked(findingOf(mark, '')),
    },
  })

  it('forgives an upstream its list where its models answer', () => {
    expect(settle(upstream, [model('failed'), model('ok')]).finding).toMatchObject({ mark: 'ok', todo: null })
    expect(settle(upstream, [model('failed'), model('ok', 'other')])).toBe(upstream)
  })
})
