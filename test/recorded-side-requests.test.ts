/** What real clients send beside the conversation, as it was recorded: none of it wakes a mixture. */
import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type FakeUpstream, saying, startFakeUpstream } from '../src/testing/fake-upstream.ts'
import { runConfig } from '../src/testing/run-config.ts'
import type { RunningGateway } from '../src/testing/run-gateway.ts'

interface Recorded {
  readonly client: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Readonly<Record<string, unknown>>
}

const folder = new URL('recorded/side-requests/', import.meta.url)
const recorded = readdirSync(folder).map((file) => {
  const request = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Recorded
  return { ...request, name: file.replace('.json', '') }
})

let upstream: FakeUpstream
let gateway: RunningGateway
beforeAll(async () => {
  upstream = await startFakeUpstream((response, call) =>
    saying(call.body.response_format ? '{"title":"Wheels"}' : 'Wheels')(response, call),
  )
  gateway = await runConfig(`
upstreams: { up: { kind: openai, base_url: "${upstream.baseUrl}" } }
models: [{ id: a, upstream: up }, { id: b, upstream: up }, { id: small, upstream: up }]
mixtures: [{ name: generic, description: "Any question.", workers: [a, b], aggregate: a }]
router: { default: generic, side_model: small }
`)
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

/** Who was asked for the answer, and why they were. */
async function routeOf({
  path,
  headers,
  body,
}: Recorded): Promise<{ readonly source: unknown; readonly asked: readonly string[] }> {
  const mark = upstream.calls.length
  const response = await fetch(gateway.url + path, { method: 'POST', headers, body: JSON.stringify(body) })
  expect(response.status).toBe(200)
  expect(await response.text()).toContain('Wheels')
  const source = gateway.traces.at(-1)?.attributes['routeSource']
  return { source, asked: upstream.calls.slice(mark).map((call) => call.body.model) }
}

describe.each(recorded)('$name', (request) => {
  it(`of ${request.client} is answered by the side model alone`, async () => {
    expect(await routeOf(request)).toEqual({ source: 'side', asked: ['small'] })
  })

  it('is no side request where an agent offers tools', async () => {
    expect(await routeOf({ ...request, body: withTools(request) })).toEqual({
      source: 'single',
      asked: ['a', 'b', 'a'],
    })
  })
})

it('there are some of every dialect', () => {
  const paths = new Set(recorded.map(({ path }) => path.replace(/\?.*/, '')))
  expect([...paths].sort()).toEqual(['/v1/chat/completions', '/v1/messages', '/v1/responses'])
})

/** The near miss: the same words from an agent that offers tools. */
function withTools({ path, body }: Recorded): Recorded['body'] {
  const parameters = { type: 'object', properties: {} }
  const tool = {
    '/v1/chat/completions': { type: 'function', function: { name: 'shell', parameters } },
    '/v1/responses': { type: 'function', name: 'shell', parameters },
    '/v1/messages': { name: 'shell', input_schema: parameters },
  }[path.replace(/\?.*/, '')]
  return { ...body, tools: [tool] }
}
