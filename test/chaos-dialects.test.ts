/** Every fault of an upstream, told in the dialects that are not the upstream's own: a broken answer never ends like a good one. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chaosText, type ChaosUpstream, faultNames, faults, startChaosUpstream } from '../src/testing/chaos-upstream.ts'
import { runConfig } from '../src/testing/run-config.ts'
import type { RunningGateway } from '../src/testing/run-gateway.ts'
import { seed } from './seed.ts'

interface Told {
  readonly type?: string
  readonly delta?: string | { readonly text?: string }
  readonly content?: readonly { readonly text?: string }[]
  readonly output?: readonly { readonly content?: readonly { readonly text?: string }[] }[]
  readonly error?: object | null
}

interface Speech {
  readonly path: string
  readonly body: (model: string) => object
  /** The last event of a good stream, and of no other. */
  readonly end: string
  readonly textOf: (told: Told) => string
}

const question = 'What do the wheels say?'
const speeches: Readonly<Record<string, Speech>> = {
  messages: {
    path: '/v1/messages',
    body: (model) => ({ model, max_tokens: 500, messages: [{ role: 'user', content: question }] }),
    end: 'message_stop',
    textOf: ({ type, delta, content }) =>
      type === 'content_block_delta' && typeof delta === 'object'
        ? (delta.text ?? '')
        : (content ?? []).map(({ text }) => text ?? '').join(''),
  },
  responses: {
    path: '/v1/responses',
    body: (model) => ({ model, input: question }),
    end: 'response.completed',
    textOf: ({ type, delta, output }) =>
      type === 'response.output_text.delta' && typeof delta === 'string'
        ? delta
        : (output ?? []).flatMap(({ content }) => (content ?? []).map(({ text }) => text ?? '')).join(''),
  },
}

let upstream: ChaosUpstream
/** Has limits that no good answer comes near, however busy the machine is. */
let patient: RunningGateway
/** For faults that end at a limit. */
let impatient: RunningGateway
const modelOf = (name: string, index: number, stream: boolean): string => `${index}-${name}-${stream ? 's' : 'w'}`

beforeAll(async () => {
  upstream = await startChaosUpstream({
    seed,
    choose: ({ model }) => faultNames[Number.parseInt(model)] ?? null,
  })
  const ids = faultNames.flatMap((_, index) =>
    Object.keys(speeches).flatMap((name) => [modelOf(name, index, true), modelOf(name, index, false)]),
  )
  const run = (deadlines: string): Promise<RunningGateway> =>
    runConfig(`
server: { deadlines: { ${deadlines}, total_ms: 60000 } }
upstreams: { up: { kind: openai, base_url: "${upstream.baseUrl}", max_retries: 0 } }
models: [${ids.map((id) => `{ id: ${id}, upstream: up }`).join(', ')}]
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

describe.each(Object.entries(speeches))('%s', (dialect, { path, body, end, textOf }) => {
  describe.each([false, true])('streamed: %s', (stream) => {
    it.concurrent.each(faultNames.map((name, index) => [name, index] as const))('%s', async (name, index) => {
      const { url } = faults[name].isSlow === true ? impatient : patient
      const response = await fetch(url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ ...body(modelOf(dialect, index, stream)), stream }),
      })
      const text = await response.text()
      const lines = text.startsWith('{')
        ? [text]
        : text.split('\n').flatMap((line) => (line.startsWith('data: {') ? [line.slice('data: '.length)] : []))
      const told = lines.map((line) => JSON.parse(line) as Told)
      const said = told.map(textOf).join('')
      const { whole, streamed, hasBegun = false } = faults[name]
      const isStream = !text.startsWith('{')
      expect(told.some(({ type }) => type === end)).toBe(stream && streamed === 'ok')
      if ((stream ? streamed : whole) === 'ok') {
        expect([response.status, said]).toEqual([200, chaosText])
      } else {
        expect(isStream).toBe(stream && hasBegun)
        expect(response.status === 200).toBe(isStream)
        expect(told.some(({ error, type }) => Boolean(error) || type === 'error' || type === 'response.failed')).toBe(
          true,
        )
      }
    })
  })
})

it('has no error inside', () => {
  expect([...patient.errors, ...impatient.errors]).toEqual([])
})
