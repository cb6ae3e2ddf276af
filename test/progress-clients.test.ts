/** Progress in a stream, in each of its ways, as the real clients take it: the answer must be what it would be without. */
import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { UpstreamError } from '../src/chat/errors.ts'
import { createMixture } from '../src/mixture/mixture.ts'
import { createFailingModel, createSayingModel } from '../src/testing/fake-model.ts'
import { runGateway, type RunningGateway } from '../src/testing/run-gateway.ts'
import { recordCalls } from '../src/trace/record-calls.ts'

const usage = { prompt_tokens: 20, completion_tokens: 4, total_tokens: 24 }
const messages = [{ role: 'user' as const, content: 'Say something.' }]
const broken = new UpstreamError('upstream_error', 'No.')

let gateway: RunningGateway
let client: OpenAI

beforeEach(async () => {
  const recorded = (id: string, text: string): ReturnType<typeof recordCalls> =>
    recordCalls(createSayingModel(id, text, usage))
  const mixture = createMixture({
    id: 'generic',
    workers: [recorded('a', 'A draft.'), recorded('b', 'Another.'), recordCalls(createFailingModel('c', broken))],
    aggregate: recorded('z', 'The one answer.'),
  })
  gateway = await runGateway([mixture, createFailingModel('broken', broken)])
  client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'any', maxRetries: 0 })
})

afterEach(async () => {
  await gateway.close()
})

const ways = [
  { progress: 'comments' },
  { progress: 'reasoning' },
  { include: ['progress'] },
  { include: ['drafts'] },
] as const

/** All steps of the mixture, in an order that they can have. */
const expectedSteps = [
  'worker a started',
  'worker b started',
  'worker c started',
  'worker a writes',
  'worker a done',
  'worker b writes',
  'worker b done',
  'worker c failed',
  'aggregate z started',
  'aggregate z writes',
  'aggregate z done',
]

interface Step {
  readonly stage: string
  readonly name: string
  readonly state: string
  readonly at_ms: number
}

const wordsOf = (steps: readonly Step[]): string[] => steps.map(({ stage, name, state }) => `${stage} ${name} ${state}`)

async function bodyOf(mollmr: object, headers: Record<string, string> = {}, model = 'generic'): Promise<Response> {
  return gateway.chat(
    { model, messages, stream: true, mollmr },
    { headers: { 'content-type': 'application/json', ...headers } },
  )
}

describe.each(ways)('a stream with %j', (mollmr) => {
  // What the client's types do not know goes with the body all the same.
  const body = { model: 'generic', messages, mollmr, stream_options: { include_usage: true } }

  it('is read by the official client as it would be without', async () => {
    let text = ''
    const finishes: unknown[] = []
    for await (const chunk of await client.chat.completions.create({ ...body, stream: true })) {
      text += chunk.choices[0]?.delta.content ?? ''
      if (chunk.choices[0]?.finish_reason) finishes.push(chunk.choices[0].finish_reason)
    }
    expect([text, finishes]).toEqual(['The one answer.', ['stop']])
  })

  it('satisfies the strict helper of the official client', async () => {
    const final = await client.chat.completions.stream(body).finalChatCompletion()
    expect(final.choices[0]).toMatchObject({ finish_reason: 'stop', message: { content: 'The one answer.' } })
    expect(final.usage?.completion_tokens).toBe(4)
  })

  it('is read by the client of Anthropic', async () => {
    const anthropic = new Anthropic({ baseURL: gateway.url, apiKey: 'any', maxRetries: 0 })
    const request = { model: 'generic', messages, max_tokens: 100, mollmr }
    const message = await anthropic.messages.stream(request).finalMessage()
    expect(message.content.filter(({ type }) => type === 'text')).toMatchObject([{ text: 'The one answer.' }])
  })

  it('still fails with a status where nothing was sent', async () => {
    expect((await bodyOf(mollmr, {}, 'broken')).status).toBe(502)
  })
})

describe('progress', () => {
  it('comes as comments that hold JSON', async () => {
    const text = await (await bodyOf({ progress: 'comments' })).text()
    const steps = [...text.matchAll(/^: mollmr (.*)$/gm)].map(([, json]) => JSON.parse(json ?? '') as Step)
    expect(wordsOf(steps).sort()).toEqual(expectedSteps.toSorted())
    expect(wordsOf(steps).at(-1)).toBe('aggregate z done')
    expect(steps.find(({ state }) => state === 'failed')).toMatchObject({ code: 'upstream_error', name: 'c' })
    for (const { at_ms: atMs } of steps) expect(atMs).toBeGreaterThanOrEqual(0)
  })

  it('comes as a field in chunks that are valid without it, all under one id', async () => {
    const chunks: (OpenAI.ChatCompletionChunk & { mollmr?: { progress: Step } })[] = []
    const body = { model: 'generic', messages, stream: true as const, mollmr: { include: ['progress'] } }
    for await (const chunk of await client.chat.completions.create(body)) chunks.push(chunk)
    const steps = chunks.flatMap(({ mollmr }) => mollmr?.progress ?? [])
    expect(wordsOf(steps).sort()).toEqual(expectedSteps.toSorted())
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1)
    for (const { choices } of chunks) expect(choices[0]?.delta).toBeDefined()
    expect(chunks[0]?.choices[0]?.delta).toEqual({ role: 'assistant', content: '' })
  })

  it('tells what each worker writes where drafts are asked for, as pieces and whole', async () => {
    const drafts: { name: string; kind: string; text: string }[] = []
    const body = { model: 'generic', messages, stream: true as const, mollmr: { include: ['drafts'] } }
    for await (const chunk of await client.chat.completions.create(body)) {
      const { mollmr } = chunk as { mollmr?: { draft?: (typeof drafts)[number] } }
      if (mollmr?.draft) drafts.push(mollmr.draft)
    }
    const said = (name: string, kind: string): string =>
      drafts.flatMap((draft) => (draft.name === name && draft.kind === kind ? draft.text : [])).join('')
    for (const kind of ['piece', 'whole']) expect([said('a', kind), said('b', kind)]).toEqual(['A draft.', 'Another.'])
  })

  it('is asked for by headers too, and the body wins', async () => {
    const byHeaders = { 'x-mollmr-include': 'usage, progress', 'x-mollmr-progress': 'comments' }
    const text = await (await bodyOf({}, byHeaders)).text()
    expect(text).toContain('"mollmr":{"progress":')
    expect(text).toMatch(/^: mollmr \{/m)
    const won = await (await bodyOf({ include: [] }, byHeaders)).text()
    expect(won).not.toContain('"mollmr":{"progress":')
  })

  it('is never there where nobody asks, and an unknown way is an error', async () => {
    const plain = await (await bodyOf({})).text()
    expect(plain).not.toMatch(/mollmr \{|"progress"|reasoning_content/)
    const wrong = await bodyOf({}, { 'x-mollmr-progress': 'loud' })
    expect(wrong.status).toBe(400)
    expect(await wrong.json()).toMatchObject({
      error: { message: 'The header x-mollmr-progress must be "comments" or "reasoning".' },
    })
  })
})
