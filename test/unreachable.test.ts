/** An upstream that cannot be reached, in each part that its model can have. */
import { createServer, type Server } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chaosText, type ChaosUpstream, startChaosUpstream } from '../src/testing/chaos-upstream.ts'
import { runConfig } from '../src/testing/run-config.ts'
import type { RunningGateway } from '../src/testing/run-gateway.ts'

let upstream: ChaosUpstream
/** Speaks no TLS. */
let plain: Server
let gateway: RunningGateway
const ways = ['closed', 'nameless', 'plain'] as const

beforeAll(async () => {
  upstream = await startChaosUpstream({ choose: () => null })
  plain = createServer((socket) => socket.on('error', () => undefined).end('220 Hello\r\n'))
  await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve))
  const urls = {
    closed: 'http://127.0.0.1:1/v1',
    nameless: 'http://nowhere.invalid/v1',
    plain: `https://127.0.0.1:${(plain.address() as AddressInfo).port}/v1`,
  }
  const parts = ['alone', 'worker', 'aggregate', 'router'] as const
  gateway = await runConfig(`
upstreams:
  up: { kind: openai, base_url: "${upstream.baseUrl}" }
${ways.map((way) => `  ${way}: { kind: openai, base_url: "${urls[way]}", max_retries: 0 }`).join('\n')}
models:
  - { id: good, upstream: up }
  - { id: fine, upstream: up }
${ways.flatMap((way) => parts.map((part) => `  - { id: ${way}-${part}, upstream: ${way} }`)).join('\n')}
mixtures:
  - { name: generic, description: Anything, workers: [good, fine], aggregate: good }
  - { name: other, description: Something else, workers: [good, fine], aggregate: good }
${ways.map((way) => `  - { name: ${way}-workers, workers: [${way}-worker, good, fine], aggregate: good, grace_ms: 10000 }\n  - { name: ${way}-aggregates, workers: [good, fine], aggregate: ${way}-aggregate }`).join('\n')}
router: { model: closed-router, default: generic }
`)
})

afterAll(async () => {
  await gateway.close()
  await upstream.close()
  plain.close()
})

function ask(model: string, stream: boolean): Promise<Response> {
  return gateway.chat({ model, stream, messages: [{ role: 'user', content: 'What do the wheels say?' }] })
}

/** Out of one JSON object or out of the frames of a stream. */
function contentIn(text: string): string {
  const objects = text.startsWith('{')
    ? [text]
    : text.split('\n\n').flatMap((frame) => /^data: ({.*)/.exec(frame)?.[1] ?? [])
  return objects
    .map(
      (json) =>
        (JSON.parse(json) as { choices: { delta?: { content?: string }; message?: { content: string } }[] }).choices[0],
    )
    .map((choice) => choice?.delta?.content ?? choice?.message?.content ?? '')
    .join('')
}

describe.each([false, true])('streamed: %s', (stream) => {
  describe.each(ways)('an upstream that is %s', (way) => {
    it('is a 502 where its model was asked alone', async () => {
      const response = await ask(`${way}-alone`, stream)
      expect(response.status).toBe(502)
      expect(await response.json()).toMatchObject({ error: { code: 'upstream_unreachable', type: 'upstream_error' } })
    })

    it('costs a draft where its model is a worker', async () => {
      const response = await ask(`${way}-workers`, stream)
      expect([response.status, response.headers.get('x-mollmr-degraded')]).toEqual([200, '2/3'])
      expect(contentIn(await response.text())).toBe(chaosText)
    })

    it('makes room for the best draft where its model is the aggregate', async () => {
      const response = await ask(`${way}-aggregates`, stream)
      expect([response.status, response.headers.get('x-mollmr-degraded')]).toEqual([200, '2/2'])
      expect(contentIn(await response.text())).toBe(chaosText)
    })
  })

  it('leaves the default where its model is the router', async () => {
    const response = await ask('router', stream)
    expect([response.status, response.headers.get('x-mollmr-route')]).toEqual([200, 'generic'])
    expect(response.headers.get('x-mollmr-route-source')).not.toBe('model')
    expect(contentIn(await response.text())).toBe(chaosText)
  })
})
