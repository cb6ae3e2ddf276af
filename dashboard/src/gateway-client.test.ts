import { afterEach, describe, expect, it, vi } from 'vitest'
import { GatewayClient, readEvents } from './gateway-client.ts'
import type { RunEvent } from './run.ts'

async function read(...pieces: readonly string[]): Promise<RunEvent[]> {
  const body = new Blob([...pieces]).stream()
  return Array.fromAsync(readEvents(body))
}

const chunk = (fields: object): string => `data: ${JSON.stringify({ choices: [], ...fields })}\n\n`
const delta = (fields: object): string => chunk({ choices: [{ index: 0, delta: fields }] })

afterEach(() => {
  vi.unstubAllGlobals()
})

describe('a stream of the gateway', () => {
  it('is the words of the answer, the reasoning before them, and the end', async () => {
    expect(
      await read(
        delta({ reasoning_content: 'Hm.' }),
        ': keep-alive\n\n',
        delta({ content: 'Yes.' }),
        'data: [DONE]\n\n',
      ),
    ).toEqual([{ type: 'reasoning', text: 'Hm.' }, { type: 'content', text: 'Yes.' }, { type: 'ended' }])
  })

  it('tells of progress, drafts and what all calls took', async () => {
    const progress = { step: 1, stage: 'worker', name: 'a', state: 'done', at_ms: 3 }
    const draft = { step: 1, name: 'a', kind: 'piece', text: 'x' }
    const total = { calls: 3, total_tokens: 9, cost_usd: null, source: 'estimated' }
    const events = await read(
      chunk({ mollmr: { progress } }),
      chunk({ mollmr: { draft } }),
      chunk({ usage: { total_tokens: 2, mollmr: total } }),
    )
    expect(events.slice(0, 3)).toEqual([
      { type: 'progress', progress },
      { type: 'draft', draft },
      { type: 'total', total },
    ])
  })

  it('that ends without saying so has failed', async () => {
    expect(await read(delta({ content: 'Half' }))).toMatchObject([
      { type: 'content' },
      { type: 'failed', failure: { code: 'page_cut' } },
    ])
  })

  it('says why it fails in the middle', async () => {
    const error = { code: 'upstream_stream_cut', message: 'Cut.' }
    expect((await read(`data: ${JSON.stringify({ error })}\n\n`))[0]).toEqual({ type: 'failed', failure: error })
  })
})

describe('a question', () => {
  const question = { model: 'm', aggregate: null, messages: [{ role: 'user', content: 'Hi' }] }
  const ask = (key: string): Promise<RunEvent[]> =>
    Array.fromAsync(new GatewayClient(key).ask(question, new AbortController().signal))

  it('goes with the key, and without one where there is none', async () => {
    const calls: (string | null)[] = []
    vi.stubGlobal('fetch', (_path: string, { headers }: RequestInit) => {
      calls.push(new Headers(headers).get('authorization'))
      return Promise.resolve(new Response('data: [DONE]\n\n'))
    })
    expect(await ask('k')).toMatchObject([{ type: 'opened', requestId: null }, { type: 'ended' }])
    await ask('')
    expect(calls).toEqual(['Bearer k', null])
  })

  it('names another aggregate where one is to write', async () => {
    const bodies: unknown[] = []
    vi.stubGlobal('fetch', (_path: string, { body }: RequestInit) => {
      bodies.push(JSON.parse(body as string))
      return Promise.resolve(Response.json({}))
    })
    const client = new GatewayClient('')
    const include = ['progress', 'drafts', 'usage']
    await client.explain(question)
    await client.explain({ ...question, aggregate: 'z' })
    await client.ask({ ...question, aggregate: 'z' }, new AbortController().signal).next()
    expect(bodies).toMatchObject([
      { mollmr: {} },
      { mollmr: { aggregate: 'z' } },
      { mollmr: { include, aggregate: 'z' } },
    ])
    expect(bodies[0]).toEqual({ model: 'm', messages: question.messages, mollmr: {} })
  })

  it('may be refused, which is found out once for each model', async () => {
    const models: string[] = []
    vi.stubGlobal('fetch', (_path: string, { body }: RequestInit) => {
      const { model } = JSON.parse(body as string) as { readonly model: string }
      models.push(model)
      const error = { code: 'invalid_request', message: 'It may not be set.' }
      return Promise.resolve(model === 'm' ? Response.json({}) : Response.json({ error }, { status: 400 }))
    })
    const client = new GatewayClient('')
    const asked = ['m', 'n', 'm', 'n'].map((model) => client.refusalOf({ ...question, model }))
    expect(await Promise.all(asked)).toEqual([null, 'It may not be set.', null, 'It may not be set.'])
    expect(models).toEqual(['m', 'n'])
  })

  it('that is refused fails as the gateway says, or by its status where it says nothing', async () => {
    const error = { code: 'model_not_found', message: 'There is no model "m".' }
    vi.stubGlobal('fetch', () => Promise.resolve(Response.json({ error }, { status: 404 })))
    expect(await ask('')).toEqual([{ type: 'failed', failure: error }])
    vi.stubGlobal('fetch', () => Promise.resolve(new Response('<html>', { status: 502 })))
    expect(await ask('')).toMatchObject([{ failure: { code: 'http_502' } }])
  })

  it('that reaches nobody says so', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('Failed to fetch')))
    expect(await ask('')).toMatchObject([{ failure: { code: 'page_offline' } }])
  })
})
