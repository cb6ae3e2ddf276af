/** The gateway as its config means it, over real HTTP servers: mixtures, router, plans, failures, callers that leave. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  type FakeUpstream,
  hanging,
  refusing,
  saying,
  sendEvents,
  startFakeUpstream,
  type UpstreamCall,
  type UpstreamReply,
} from '../src/testing/fake-upstream.ts'
import { runConfig } from '../src/testing/run-config.ts'
import type { RunningGateway } from '../src/testing/run-gateway.ts'

let upstream: FakeUpstream
let gateway: RunningGateway
/** What each model of the upstream answers; the others say their own name. */
let replies: Record<string, UpstreamReply>

const config = (baseUrl: string): string => `
upstreams:
  up: { kind: openai, base_url: "${baseUrl}", max_retries: 0 }
models:
  - { id: a, upstream: up, quality: 0.85, description: Small }
  - { id: b, upstream: up, quality: 0.88, description: Middling }
  - { id: c, upstream: up, quality: 0.9, description: Strong }
  - { id: chooser, upstream: up }
  - { id: polite, upstream: up, name: a, params: { temperature: 0.3 }, system_prompt: "You are {{ model.id }}." }
mixtures:
  - { name: generic, description: "Anything at all", workers: [a, b, c], aggregate: c, quorum: 2, grace_ms: 0 }
  - { name: facts, description: "Numbers and sums", strategy: vote, workers: [a, b, c], aggregate: c }
  - { name: best, description: "Programs", strategy: select, workers: [a, b], aggregate: c }
  - { name: nested, workers: [facts, a], aggregate: b }
router:
  model: chooser
  default: generic
  side_model: a
  rules: [{ when: { matches: "^rule" }, use: best }]
  compose: { pool: [a, b, c], min_workers: 2, max_workers: 2 }
`

beforeEach(async () => {
  replies = {}
  upstream = await startFakeUpstream((response, call) => {
    const reply = replies[call.body.model] ?? saying(`I am ${call.body.model}, and this is my answer.`)
    return reply(response, call)
  })
  gateway = await runConfig(config(upstream.baseUrl))
})

afterEach(async () => {
  await gateway.close()
  await upstream.close()
})

const question = 'What would you say about the history of the wheel, and why does it matter to people today?'
const messages = [{ role: 'user', content: question }]

interface Completion {
  readonly model: string
  readonly choices: readonly { readonly message: { readonly content: string } }[]
}

async function textOf(response: Response): Promise<string> {
  return ((await response.json()) as Completion).choices[0]?.message.content ?? ''
}

function asked(...models: string[]): UpstreamCall[] {
  return upstream.calls.filter(({ body }) => models.includes(body.model))
}

describe('a mixture', () => {
  it('asks every worker and lets the aggregate answer', async () => {
    const response = await gateway.chat({ model: 'mollmr/generic', messages })
    expect(response.headers.get('x-mollmr-route')).toBe('generic')
    expect(response.headers.get('x-mollmr-model')).toBe('c')
    expect(await textOf(response)).toBe('I am c, and this is my answer.')
    expect(asked('a')).toHaveLength(1)
    expect(asked('b')).toHaveLength(1)
    expect(asked('c')).toHaveLength(2)
    expect(JSON.stringify(asked('c').at(-1)?.body.messages)).toContain('I am a, and this is my answer.')
  })

  it('streams the aggregate for real: its first words are here before its last are written', async () => {
    let finish = (): void => undefined
    replies['c'] = (response, call) => {
      if (JSON.stringify(call.body.messages).includes('I am a')) {
        const chunk = (delta: object, reason: string | null = null): string =>
          JSON.stringify({
            id: 'x',
            object: 'chat.completion.chunk',
            created: 1,
            model: 'c',
            choices: [{ index: 0, delta, finish_reason: reason }],
          })
        sendEvents(response, [chunk({ role: 'assistant', content: 'First' })], false)
        finish = () => {
          sendEvents(response, [chunk({ content: ' last' }), chunk({}, 'stop'), '[DONE]'])
        }
      } else void saying('I am c')(response, call)
    }
    const response = await gateway.chat({ model: 'generic', messages, stream: true })
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    const decoder = new TextDecoder()
    let text = ''
    while (!text.includes('First')) text += decoder.decode((await reader.read()).value)
    expect(text).not.toContain('last')
    finish()
    for (let read = await reader.read(); !read.done; read = await reader.read()) text += decoder.decode(read.value)
    expect(text).toContain('last')
    expect(text.trimEnd().endsWith('data: [DONE]')).toBe(true)
  })

  it('answers without a worker that fails, and says so', async () => {
    replies['b'] = refusing(500, { error: { message: 'broken' } })
    const response = await gateway.chat({ model: 'generic', messages })
    expect(response.status).toBe(200)
    expect(response.headers.get('x-mollmr-degraded')).toBe('2/3')
    expect(await textOf(response)).toBe('I am c, and this is my answer.')
  })

  it('answers without a worker that hangs, and ends its call', async () => {
    replies['a'] = hanging
    const response = await gateway.chat({ model: 'generic', messages })
    expect(response.headers.get('x-mollmr-degraded')).toBe('2/3')
    await asked('a')[0]?.aborted
    expect(gateway.traces[0]?.ledger().filter(({ outcome }) => outcome !== 'ok')).toMatchObject([{ requested: 'a' }])
  })

  it('says why where every worker fails', async () => {
    for (const model of ['a', 'b', 'c'])
      replies[model] = refusing(429, { error: { message: 'slow' } }, { 'retry-after': '7' })
    const response = await gateway.chat({ model: 'generic', messages })
    expect(response.status).toBe(429)
    expect(response.headers.get('retry-after')).toBe('7')
    expect(await response.json()).toMatchObject({
      error: { code: 'all_workers_failed', details: [{ worker: 'a' }, { worker: 'b' }, { worker: 'c' }] },
    })
  })

  it.each([
    [400, { code: 'context_length_exceeded', message: 'maximum context length' }, 400, 'context_length_exceeded'],
    [422, { message: 'No such role.' }, 422, 'upstream_bad_request'],
  ])('says what is wrong with the request where every worker says it', async (...[said, error, status, code]) => {
    for (const model of ['a', 'b', 'c']) replies[model] = refusing(said, { error })
    const response = await gateway.chat({ model: 'generic', messages })
    expect(response.status).toBe(status)
    const body = (await response.json()) as { error: { message: string } }
    expect(body).toMatchObject({
      error: {
        code,
        type: 'invalid_request_error',
        details: [{ worker: 'a', code }, { worker: 'b' }, { worker: 'c' }],
      },
    })
    expect(body.error.message).not.toContain('No worker')
  })

  it('votes', async () => {
    replies['a'] = saying('The sum is 42.')
    replies['b'] = saying('It is 41.')
    replies['c'] = saying('6 x 7 = 42')
    const response = await gateway.chat({ model: 'facts', messages: [{ role: 'user', content: 'What is 6 times 7?' }] })
    expect(await textOf(response)).toMatch(/42/)
    expect(upstream.calls).toHaveLength(3)
  })

  it('selects a draft word for word', async () => {
    replies['c'] = saying('{"choice": 2, "reason": "shorter"}')
    const text = await textOf(await gateway.chat({ model: 'best', messages }))
    expect(text).toMatch(/^I am [ab], and this is my answer\.$/)
  })

  it('may be a worker of another', async () => {
    const response = await gateway.chat({ model: 'nested', messages })
    expect(await textOf(response)).toBe('I am b, and this is my answer.')
    expect(gateway.traces[0]?.spans().map(({ stage }) => stage)).toContain('worker')
  })
})

describe('a bypass', () => {
  it('adds and loses nothing', async () => {
    replies['a'] = saying('Hi', { timings: { ms: 1.5 }, provider: 'x' })
    const body = await (
      await gateway.chat({ model: 'mollmr/a', messages, seed: 7, reasoning: { effort: 'low' } })
    ).json()
    expect(body).toMatchObject({
      model: 'mollmr/a',
      timings: { ms: 1.5 },
      provider: 'x',
      usage: { prompt_tokens: 9, completion_tokens: 3, total_tokens: 12 },
    })
    expect(body).not.toHaveProperty('usage.mollmr')
    expect(asked('a')[0]?.body).toEqual({ model: 'a', messages, seed: 7, reasoning: { effort: 'low' } })
  })

  it('has the params and the system prompt of its config, and the client wins', async () => {
    await gateway.chat({ model: 'polite', messages })
    await gateway.chat({ model: 'polite', messages, temperature: 1 })
    const [first, second] = asked('a')
    expect(first?.body).toMatchObject({
      temperature: 0.3,
      messages: [{ role: 'system', content: 'You are polite.' }, ...messages],
    })
    expect(second?.body.temperature).toBe(1)
  })
})

describe('the router', () => {
  const choosing = (choice: string): UpstreamReply => saying(JSON.stringify({ choice, reason: 'fits' }))

  it('takes what its base model chooses, and says so', async () => {
    replies['chooser'] = choosing('facts')
    const response = await gateway.chat({ model: 'router', messages })
    expect(response.headers.get('x-mollmr-route')).toBe('facts')
    expect(response.headers.get('x-mollmr-route-source')).toBe('model')
    expect(await response.json()).toMatchObject({
      model: 'router',
      usage: { mollmr: { calls: expect.any(Number) as number } },
    })
  })

  it('passes over a mixture whose models rest after failures', async () => {
    await gateway.close()
    gateway = await runConfig(`
upstreams: { up: { kind: openai, base_url: "${upstream.baseUrl}" } }
models: [{ id: a, upstream: up }, { id: b, upstream: up }]
mixtures: [{ name: first, description: One, aggregate: a }, { name: second, description: Two, aggregate: b }]
router: { default: first }
`)
    replies['a'] = refusing(401, {})
    const [refused, passed] = [
      await gateway.chat({ model: 'router', messages }),
      await gateway.chat({ model: 'router', messages }),
    ]
    expect([refused.status, refused.headers.get('x-mollmr-route')]).toEqual([502, 'first'])
    expect([passed.status, passed.headers.get('x-mollmr-route')]).toEqual([200, 'second'])
    expect(asked('a')).toHaveLength(1)
  })

  it.each([
    ['talks nonsense', saying('I cannot decide.')],
    ['fails', refusing(500, {})],
    ['names what is not there', saying('{"choice":"system_prompt","reason":"x"}')],
  ])('never fails because its base model %s', async (_what, reply) => {
    replies['chooser'] = reply
    const response = await gateway.chat({ model: 'router', messages })
    expect(response.status).toBe(200)
    expect(response.headers.get('x-mollmr-route-source')).toMatch(/scorer|default/)
  })

  it('follows its rules first', async () => {
    replies['c'] = saying('{"choice": 1}')
    const response = await gateway.chat({ model: 'router', messages: [{ role: 'user', content: 'rule this' }] })
    expect(response.headers.get('x-mollmr-route')).toBe('best')
    expect(asked('chooser')).toHaveLength(0)
  })

  it('composes a mixture for one request, traced under its own name', async () => {
    replies['chooser'] = (response, call) => {
      const wantsPlan = JSON.stringify(call.body).includes('aggregate')
      void saying(
        JSON.stringify(
          wantsPlan
            ? { workers: ['a', 'b'], aggregate: 'c', strategy: 'synthesize', reason: 'both' }
            : { choice: 'compose', reason: 'hard' },
        ),
      )(response, call)
    }
    const response = await gateway.chat({ model: 'router', messages })
    expect(response.headers.get('x-mollmr-route')).toBe('plan:a+b>c')
    expect(response.headers.get('x-mollmr-route-source')).toBe('compose')
    expect(await textOf(response)).toBe('I am c, and this is my answer.')
    const id = response.headers.get('x-request-id') ?? ''
    const trace = await (await fetch(`${gateway.url}/mollmr/v1/traces/${id}`)).text()
    expect(trace).toContain('plan:a+b>c')
  })

  it('sends the title request of a chat program to the side model', async () => {
    const content =
      '### Task:\nGenerate a concise, 3-5 word title with an emoji summarizing the chat history.\n### Output:\nJSON format: { "title": "your concise title here" }\n### Chat History:\n<chat_history>\nUSER: Hi\n</chat_history>'
    const response = await gateway.chat({ model: 'router', messages: [{ role: 'user', content }] })
    expect(response.headers.get('x-mollmr-route')).toBe('a')
    expect(response.headers.get('x-mollmr-route-source')).toBe('side')
    expect(upstream.calls).toHaveLength(1)
  })

  it('does what the request names', async () => {
    const response = await gateway.chat({ model: 'router', messages, mollmr: { mixture: 'mollmr/facts' } })
    expect(response.headers.get('x-mollmr-route')).toBe('facts')
    expect(response.headers.get('x-mollmr-route-source')).toBe('named')
  })
})

describe('a caller that leaves', () => {
  const streamed = (response: Parameters<UpstreamReply>[0]): void => {
    sendEvents(
      response,
      [
        '{"id":"x","object":"chat.completion.chunk","created":1,"model":"c","choices":[{"index":0,"delta":{"role":"assistant","content":"Begin"},"finish_reason":null}]}',
      ],
      false,
    )
  }

  it.each([
    ['a single model', 'a', true, 1],
    ['a single model, not streamed', 'a', false, 1],
    ['a mixture', 'facts', true, 3],
    ['a mixture, not streamed', 'facts', false, 3],
    ['the router', 'router', true, 1],
  ])('before the first token of %s ends every call within 100 ms', async (...[, model, stream, calls]) => {
    for (const each of ['a', 'b', 'c', 'chooser']) replies[each] = hanging
    await leaveAfter({ model, messages, stream }, () => upstream.calls.length === calls)
  })

  it('in mid-stream of a single model ends its call within 100 ms', async () => {
    replies['a'] = streamed
    await leaveAfter({ model: 'a', messages, stream: true }, (text) => text.includes('Begin'))
  })

  it('in mid-stream of an aggregate ends its call within 100 ms', async () => {
    replies['c'] = streamed
    replies['a'] = saying('From a')
    await leaveAfter({ model: 'best', messages, stream: true, mollmr: { strategy: 'synthesize' } }, (text) =>
      text.includes('Begin'),
    )
    expect(asked('a', 'b')).toHaveLength(2)
  })

  /** Leaves once `ready` holds, and waits until the upstream has seen the end of every call that was open. */
  async function leaveAfter(body: object, ready: (text: string) => boolean): Promise<void> {
    const leave = new AbortController()
    let text = ''
    const reading = gateway.chat(body, { signal: leave.signal }).then(async ({ body: stream }) => {
      const decoder = new TextDecoder()
      for await (const bytes of stream as ReadableStream<Uint8Array>) text += decoder.decode(bytes)
    })
    const ended = reading.catch(() => undefined)
    while (!ready(text)) await new Promise((resolve) => setTimeout(resolve, 5))
    const open = upstream.calls.filter(({ body: { model } }) =>
      [hanging, streamed].includes(replies[model] ?? saying('')),
    )
    expect(open.length).toBeGreaterThan(0)
    const leftMs = performance.now()
    leave.abort()
    await Promise.all(open.map(({ aborted }) => aborted))
    expect(performance.now() - leftMs).toBeLessThan(100)
    await ended
  }
})
