/** Drafts that break off after they have begun, over real connections: nobody has seen them, so they are asked for once more. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { chaosText, type ChaosUpstream, type FaultName, startChaosUpstream } from '../../src/testing/chaos-upstream.ts'
import { runConfig } from '../../src/testing/run-config.ts'
import type { RunningGateway } from '../../src/testing/run-gateway.ts'

let upstream: ChaosUpstream
let gateway: RunningGateway
/** What becomes of the calls to a model, in their order; those after them are good. */
const faultsOf = new Map<string, FaultName[]>()

beforeAll(async () => {
  upstream = await startChaosUpstream({ choose: ({ model }) => faultsOf.get(model)?.shift() ?? null })
  gateway = await runConfig(`
upstreams: { up: { kind: openai, base_url: "${upstream.baseUrl}" } }
models: [{ id: a, upstream: up }, { id: b, upstream: up }, { id: best, upstream: up }, { id: inner-best, upstream: up }]
mixtures:
  - { name: generic, workers: [a, b], aggregate: best, quorum: 2, grace_ms: 60000 }
  - { name: inner, workers: [a, b], aggregate: inner-best, quorum: 2, grace_ms: 60000 }
  - { name: outer, workers: [inner, b], aggregate: best, quorum: 2, grace_ms: 60000 }
`)
})

afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

interface Told {
  readonly content: string | undefined
  readonly degraded: string | null
  /** What became of the calls to the model that breaks. */
  readonly outcomes: readonly string[]
}

/** Each question is asked once: drafts of the one before would serve again. */
async function ask(mixture: string, model: string, faults: readonly FaultName[]): Promise<Told> {
  faultsOf.set(model, [...faults])
  const question = `What do the wheels say, the ${gateway.traces.length}th time?`
  const response = await gateway.chat({ model: mixture, messages: [{ role: 'user', content: question }] })
  const body = (await response.json()) as {
    readonly choices?: readonly { readonly message: { readonly content: string } }[]
  }
  const rows = gateway.traces.at(-1)?.ledger() ?? []
  return {
    content: body.choices?.[0]?.message.content,
    degraded: response.headers.get('x-mollmr-degraded'),
    outcomes: rows.filter(({ requested }) => requested === model).map(({ outcome }) => outcome),
  }
}

it.each([
  ['reset in mid-answer', 'upstream_stream_cut'],
  ['stream without finish', 'upstream_stream_truncated'],
  ['bad event in mid-stream', 'upstream_malformed'],
] as const)('%s, once: the second draft is whole', async (fault, code) => {
  const told = await ask('generic', 'a', [fault])
  expect(told).toEqual({ content: chaosText, degraded: null, outcomes: [code, 'ok'] })
})

it('twice: the draft is lost', async () => {
  const told = await ask('generic', 'a', ['reset in mid-answer', 'reset in mid-answer'])
  expect(told).toEqual({
    content: chaosText,
    degraded: '1/2',
    outcomes: ['upstream_stream_cut', 'upstream_stream_cut'],
  })
})

it('in a worker of a mixture that is itself a worker: only its own draft begins anew', async () => {
  const told = await ask('outer', 'a', ['reset in mid-answer'])
  expect(told).toEqual({ content: chaosText, degraded: null, outcomes: ['upstream_stream_cut', 'ok'] })
})

it('in the aggregate of a mixture that is a worker: it is not asked again, the mixture has other drafts', async () => {
  const told = await ask('outer', 'inner-best', ['reset in mid-answer'])
  expect(told).toEqual({ content: chaosText, degraded: '1/2', outcomes: ['upstream_stream_cut'] })
})
