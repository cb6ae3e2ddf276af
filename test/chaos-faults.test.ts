/** Every fault of an upstream, streamed and not, behind a bypass: one typed end, never a false success. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chaosText, type ChaosUpstream, faultNames, faults, startChaosUpstream } from '../src/testing/chaos-upstream.ts'
import { runConfig } from '../src/testing/run-config.ts'
import type { RunningGateway } from '../src/testing/run-gateway.ts'
import { seed } from './seed.ts'

let upstream: ChaosUpstream
/** Has limits that no good answer comes near, however busy the machine is. */
let patient: RunningGateway
/** For faults that end at a limit. */
let impatient: RunningGateway

beforeAll(async () => {
  upstream = await startChaosUpstream({
    seed,
    choose: ({ model }) => faultNames[Number.parseInt(model.slice(1))] ?? null,
  })
  const run = (deadlines: string): Promise<RunningGateway> =>
    runConfig(`
server: { deadlines: { ${deadlines}, total_ms: 60000 } }
upstreams: { up: { kind: openai, base_url: "${upstream.baseUrl}", max_retries: 0 } }
models: [${faultNames.flatMap((_, index) => [`{ id: f${index}s, upstream: up }`, `{ id: f${index}w, upstream: up }`]).join(', ')}]
mixtures: []
`)
  patient = await run('first_content_ms: 30000, idle_ms: 30000')
  impatient = await run('first_content_ms: 800, idle_ms: 500')
})

afterAll(async () => {
  await patient.close()
  await impatient.close()
  await upstream.close()
})

function gatewayFor(index: number): RunningGateway {
  return faults[faultNames[index] ?? '400'].isSlow === true ? impatient : patient
}

/** One for each cell: a failing model is rested. */
function modelOf(index: number, stream: boolean): string {
  return `f${index}${stream ? 's' : 'w'}`
}

interface Told {
  readonly status: number
  /** Empty where there is none. */
  readonly retryAfter: string
  readonly text: string
  readonly content: string
  readonly code: string
  /** Of a stream: how often it says that it ends, and what it took. */
  readonly endings: readonly [finishes: number, usages: number]
}

interface Frame {
  readonly error?: { readonly code: string }
  readonly choices?: readonly {
    readonly delta: { readonly content?: string }
    readonly finish_reason?: string | null
  }[]
  readonly usage?: object | null
}

async function ask(index: number, stream: boolean): Promise<Told> {
  const messages = [{ role: 'user', content: 'What do the wheels say?' }]
  const asked = stream ? { stream_options: { include_usage: true } } : {}
  const response = await gatewayFor(index).chat({ model: modelOf(index, stream), stream, messages, ...asked })
  const text = await response.text()
  const told = { status: response.status, retryAfter: response.headers.get('retry-after') ?? '', text }
  if (!text.startsWith('data:') && !text.startsWith(':')) {
    const { choices, error } = JSON.parse(text) as {
      choices?: { message: { content: string } }[]
      error?: { code: string }
    }
    return { ...told, content: choices?.[0]?.message.content ?? '', code: error?.code ?? 'ok', endings: [0, 0] }
  }
  const data = text
    .split('\n\n')
    .filter((frame) => frame.startsWith('data: {'))
    .map((frame) => JSON.parse(frame.slice('data: '.length)) as Frame)
  const content = data.map(({ choices }) => choices?.[0]?.delta.content ?? '').join('')
  const finishes = data.filter(({ choices }) => choices?.some((choice) => choice.finish_reason))
  const endings = [finishes.length, data.filter(({ usage }) => usage).length] as const
  return { ...told, content, code: data.find(({ error }) => error)?.error?.code ?? 'ok', endings }
}

it('has at least 35 of them', () => {
  expect(faultNames.length).toBeGreaterThanOrEqual(35)
})

describe.each([false, true])('streamed: %s', (stream) => {
  it.concurrent.each(faultNames.map((name, index) => [name, index] as const))('%s', async (name, index) => {
    const { whole, streamed, hasBegun = false } = faults[name]
    const expected = stream ? streamed : whole
    const { status, retryAfter, text, content, code, endings } = await ask(index, stream)
    expect(code).toBe(expected)
    expect(retryAfter).toMatch(/^([1-9]\d*)?$/)
    expect(text.includes('[DONE]')).toBe(stream && expected === 'ok')
    // What nobody has told is not made up.
    if (stream && expected === 'ok')
      expect([
        [1, 0],
        [1, 1],
      ]).toContainEqual(endings)
    if (expected === 'ok') expect([status, content]).toEqual([200, chaosText])
    else {
      expect(status === 200).toBe(stream && hasBegun)
      expect(text).not.toContain('"finish_reason":"stop"')
    }
    const trace = gatewayFor(index).traces.find(
      ({ attributes, root }) => attributes.route === modelOf(index, stream) && root.stage === 'request',
    )
    expect(trace?.ledger()).toHaveLength(1)
    expect(trace?.ledger()[0]?.outcome).toBe(trace?.spans()[0]?.outcome)
  })
})

it('leaves one trace for each, and no error inside', () => {
  expect([...patient.traces, ...impatient.traces]).toHaveLength(2 * faultNames.length)
  expect([...patient.errors, ...impatient.errors]).toEqual([])
  expect(upstream.calls).toHaveLength(2 * faultNames.length)
})
