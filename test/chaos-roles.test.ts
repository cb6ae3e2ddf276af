/** Every fault of an upstream in each part that a model can have in a mixture: what the caller gets is good, or says that it is not. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  chaosText,
  type ChaosUpstream,
  type FaultName,
  faultNames,
  faults,
  startChaosUpstream,
} from '../src/testing/chaos-upstream.ts'
import { runConfig } from '../src/testing/run-config.ts'
import type { RunningGateway } from '../src/testing/run-gateway.ts'
import { seed } from './seed.ts'

let upstream: ChaosUpstream
let gateway: RunningGateway
/** What the model does that the router asks. */
let fault: FaultName

beforeAll(async () => {
  upstream = await startChaosUpstream({
    seed,
    choose: ({ model }) =>
      model === 'chooser' ? fault : model.startsWith('f') ? (faultNames[Number(model.slice(1))] ?? null) : null,
  })
  const mixtures = faultNames.flatMap((name, index) => {
    // No good answer comes near the long limits, however busy the machine is.
    const limits = faults[name].isSlow === true ? 'first_content_ms: 800, idle_ms: 500' : 'first_content_ms: 30000'
    return [
      `{ name: worker${index}, workers: [f${index}, good, fine], aggregate: best, quorum: 2, grace_ms: 5000, worker_deadlines: { ${limits}, total_ms: 60000 } }`,
      `{ name: aggregate${index}, workers: [good, fine], aggregate: f${index}, deadlines: { ${limits} } }`,
    ]
  })
  gateway = await runConfig(`
server: { deadlines: { first_content_ms: 30000, idle_ms: 30000, total_ms: 60000 } }
upstreams: { up: { kind: openai, base_url: "${upstream.baseUrl}", max_retries: 0 } }
models: [${['good', 'fine', 'best', 'chooser', ...faultNames.map((_, index) => `f${index}`)].map((id) => `{ id: ${id}, upstream: up }`).join(', ')}]
mixtures:
  - { name: generic, description: Anything, workers: [good, fine], aggregate: best }
  - { name: other, description: Something else, workers: [good, fine], aggregate: best }
${mixtures.map((mixture) => `  - ${mixture}`).join('\n')}
router: { model: chooser, default: generic, deadline_ms: 250 }
`)
})

afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

interface Told {
  readonly response: Response
  readonly text: string
  readonly content: string
  readonly code: string
}

async function ask(model: string, stream: boolean, question = 'What do the wheels say?'): Promise<Told> {
  const response = await gateway.chat({ model, stream, messages: [{ role: 'user', content: question }] })
  const text = await response.text()
  const objects = text.startsWith('{')
    ? [text]
    : text.split('\n\n').flatMap((frame) => (frame.startsWith('data: {') ? [frame.slice('data: '.length)] : []))
  const said = objects.map((json) => JSON.parse(json) as Said)
  const content = said
    .map(({ choices }) => choices?.[0]?.delta?.content ?? choices?.[0]?.message?.content ?? '')
    .join('')
  return { response, text, content, code: said.find(({ error }) => error)?.error?.code ?? 'ok' }
}

interface Said {
  readonly error?: { readonly code: string }
  readonly choices?: readonly {
    readonly delta?: { readonly content?: string }
    readonly message?: { readonly content: string }
  }[]
}

const cases = faultNames.map((name, index) => [name, index] as const)

describe.each([false, true])('streamed: %s', (stream) => {
  describe('a worker with', () => {
    it.concurrent.each(cases)('%s leaves a good answer', async (name, index) => {
      const { response, content, code } = await ask(`worker${index}`, stream)
      expect([response.status, code, content]).toEqual([200, 'ok', chaosText])
      // A worker is never streamed to the caller, but always streamed to us or not as the mixture likes: either may fail.
      const { whole, streamed } = faults[name]
      // A stream opens after 1.4 s, whether or not a worker has failed by then: the trace knows.
      const trace = gateway.traces.find(({ id }) => id === response.headers.get('x-request-id'))
      const degraded = trace?.attributes.degraded
      if (whole === 'ok' && streamed === 'ok') expect([trace?.root.stage, degraded]).toEqual(['request', undefined])
      else if (whole !== 'ok' && streamed !== 'ok') expect(degraded).toBe('2/3')
    })
  })

  describe('an aggregate with', () => {
    it.concurrent.each(cases)('%s leaves a good answer, or one that says it was cut', async (name, index) => {
      const { response, text, content, code } = await ask(`aggregate${index}`, stream)
      const { streamed, whole, hasBegun = false } = faults[name]
      const expected = stream ? streamed : whole
      if (code === 'ok') {
        expect([response.status, content]).toEqual([200, chaosText])
        return
      }
      // Once the caller has seen a beginning, or the aggregate says that the request itself is wrong, no draft stands in for it.
      expect((stream && hasBegun) || expected === 'upstream_bad_request').toBe(true)
      expect(code).toBe(expected)
      expect(response.status === 200).toBe(stream && hasBegun)
      expect(text).not.toContain('[DONE]')
      expect(text).not.toContain('"finish_reason":"stop"')
    })
  })
})

describe('a router whose model has', () => {
  it.each(cases)('%s takes the default', async (name, index) => {
    fault = name
    const { response, content } = await ask('router', index % 2 === 0, `Question ${index}, about nothing in particular`)
    expect([response.status, content]).toEqual([200, chaosText])
    expect(response.headers.get('x-mollmr-route')).toBe('generic')
    expect(response.headers.get('x-mollmr-route-source')).not.toBe('model')
  })
})

it('has as many rows as calls reached the upstream, and no error inside', () => {
  const rows = gateway.traces.reduce((sum, trace) => sum + trace.ledger().length, 0)
  expect(rows).toBe(upstream.calls.length)
  expect(gateway.errors).toEqual([])
})
