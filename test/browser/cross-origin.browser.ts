/** Pages of another origin, in a real browser: what it lets through, and what it lets them read, is decided by our headers. */
import type OpenAI from 'openai'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { digestKey } from '../../src/config/key-digest.ts'
import { type FakeUpstream, refusing, saying, startFakeUpstream } from '../../src/testing/fake-upstream.ts'
import { runConfig } from '../../src/testing/run-config.ts'
import type { RunningGateway } from '../../src/testing/run-gateway.ts'
import { launchBrowser } from './launch-browser.ts'
import { type Pages, servePages } from './serve-pages.ts'

const key = 'mk_page_0123456789abcdef'

let browser: Browser
let allowed: Pages
let stranger: Pages
let upstream: FakeUpstream
let gateway: RunningGateway
let page: Page

beforeAll(async () => {
  ;[browser, allowed, stranger] = await Promise.all([launchBrowser(), servePages(), servePages()])
})

afterAll(async () => {
  await Promise.all([browser.close(), allowed.close(), stranger.close()])
})

beforeEach(async () => {
  upstream = await startFakeUpstream(saying('Round wheels roll.'))
  gateway = await runConfig(configFor([allowed.origin]))
  page = await pageAt(allowed)
})

afterEach(async () => {
  await page.context().close()
  await gateway.close()
  await upstream.close()
})

function configFor(origins: readonly string[]): string {
  return `
server: { cors_origins: ${JSON.stringify(origins)} }
upstreams: { up: { kind: openai, base_url: "${upstream.baseUrl}", max_retries: 0 } }
models: [{ id: single, upstream: up }]
mixtures: []
keys: [{ name: page, hash: "${digestKey(key)}" }]
`
}

async function pageAt({ origin }: Pages, from = browser): Promise<Page> {
  const opened = await from.newPage()
  await opened.goto(origin)
  return opened
}

/** What the official client sends beside its key. */
const clientHeaders = {
  'content-type': 'application/json',
  'x-stainless-lang': 'js',
  'x-stainless-os': 'Unknown',
  'x-stainless-arch': 'unknown',
  'x-stainless-runtime': 'browser:chrome',
  'x-stainless-runtime-version': '156.0.0',
  'x-stainless-package-version': '7.57.0',
  'x-stainless-retry-count': '0',
  'x-stainless-timeout': '600',
  'x-mollmr-include': 'usage',
}

interface Sent {
  readonly path?: string
  readonly method?: string
  readonly body?: object
  readonly key?: string
  readonly headers?: Readonly<Record<string, string>>
}

interface Seen {
  readonly status: number
  readonly text: string
  /** What the page may read. */
  readonly headers: Readonly<Record<string, string>>
}

/** A request by a page; rejects as `fetch` does where the browser lets it not through. */
function fetchFrom(asking: Page, sent: Sent = {}): Promise<Seen> {
  const { path = '/v1/chat/completions', method = 'POST', body, key: shown = key, headers = {} } = sent
  const messages = [{ role: 'user', content: 'Hi' }]
  const init = {
    method,
    headers: { ...clientHeaders, authorization: `Bearer ${shown}`, ...headers },
    ...(method === 'POST' ? { body: JSON.stringify(body ?? { model: 'single', messages }) } : {}),
  }
  return asking.evaluate(
    async ([url, options]) => {
      const response = await fetch(url, options)
      return { status: response.status, text: await response.text(), headers: Object.fromEntries(response.headers) }
    },
    [gateway.url + path, init] as const,
  )
}

describe('a page of an origin that is allowed', () => {
  it('asks with its key and the headers of the official client, and reads what ran', async () => {
    const { status, text, headers } = await fetchFrom(page)
    expect([status, JSON.parse(text)]).toMatchObject([
      200,
      { choices: [{ message: { content: 'Round wheels roll.' } }] },
    ])
    expect(headers).toMatchObject({
      'x-request-id': expect.stringMatching(/^req_/) as unknown,
      'x-mollmr-route': 'single',
      'x-mollmr-model': 'single',
      'x-mollmr-attempts': '1',
    })
    expect(upstream.calls).toHaveLength(1)
  })

  it('reads a stream while it forms', async () => {
    const go = Promise.withResolvers<undefined>()
    upstream.reply = async (response, call) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      const chunk = { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'up' }
      const choices = [{ index: 0, delta: { role: 'assistant', content: 'First' }, finish_reason: null }]
      response.write(`data: ${JSON.stringify({ ...chunk, choices })}\n\n`)
      await go.promise
      await saying('second')(response, call)
    }
    await page.exposeFunction('sawFirst', () => {
      go.resolve(undefined)
    })
    const { early, whole, route } = await page.evaluate(
      async ([url, authorization]) => {
        const messages = [{ role: 'user', content: 'Hi' }]
        const response = await fetch(`${url}/v1/chat/completions`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', authorization },
          body: JSON.stringify({ model: 'single', stream: true, messages }),
        })
        const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
        let read = ''
        let seen = ''
        for (;;) {
          const next = await reader?.read()
          if (!next || next.done) return { early: seen, whole: read, route: response.headers.get('x-mollmr-route') }
          read += next.value
          if (seen === '' && read.includes('First')) {
            seen = read
            await (globalThis as unknown as { sawFirst(): Promise<void> }).sawFirst()
          }
        }
      },
      [gateway.url, `Bearer ${key}`] as const,
    )
    expect(early).toContain('First')
    expect(early).not.toContain('[DONE]')
    expect(whole).toContain('"content":"second"')
    expect(whole).toMatch(/data: \[DONE\]\n\n$/)
    expect(route).toBe('single')
  })

  it('reads why it is refused', async () => {
    const wrong = await fetchFrom(page, { key: 'mk_wrong' })
    expect([wrong.status, JSON.parse(wrong.text)]).toMatchObject([401, { error: { code: 'invalid_api_key' } }])
    const unknown = await fetchFrom(page, { body: { model: 'nope', messages: [{ role: 'user', content: 'Hi' }] } })
    expect([unknown.status, JSON.parse(unknown.text)]).toMatchObject([404, { error: { code: 'model_not_found' } }])
    expect(unknown.headers['x-request-id']).toMatch(/^req_/)
    const missing = await fetchFrom(page, { path: '/v1/v1/models', method: 'GET' })
    expect([missing.status, JSON.parse(missing.text)]).toMatchObject([404, { error: { code: 'route_not_found' } }])
  })

  it('asks in the dialect of Anthropic, with the headers of its client', async () => {
    const messages = [{ role: 'user', content: 'Hi' }]
    const { status, text, headers } = await fetchFrom(page, {
      path: '/v1/messages?beta=true',
      body: { model: 'single', max_tokens: 50, messages },
      headers: {
        'x-api-key': key,
        'anthropic-version': '2023-06-01',
        'anthropic-beta': 'context-management-2025-06-27',
        'anthropic-dangerous-direct-browser-access': 'true',
        'x-stainless-helper-method': 'stream',
      },
    })
    expect([status, JSON.parse(text)]).toMatchObject([
      200,
      { type: 'message', content: [{ text: 'Round wheels roll.' }] },
    ])
    expect(headers['request-id']).toMatch(/^req_/)
  })

  it('may delete what it was answered', async () => {
    const { text } = await fetchFrom(page, { path: '/v1/responses', body: { model: 'single', input: 'Hi' } })
    const { id } = JSON.parse(text) as { readonly id: string }
    const gone = await fetchFrom(page, { path: `/v1/responses/${id}`, method: 'DELETE' })
    expect([gone.status, JSON.parse(gone.text)]).toEqual([200, { id, object: 'response', deleted: true }])
  })
})

describe('a page of any other origin', () => {
  it('is stopped by the browser before it has asked anything, and reads nothing', async () => {
    const other = await pageAt(stranger)
    await expect(fetchFrom(other)).rejects.toThrow('Failed to fetch')
    await expect(fetchFrom(other, { path: '/v1/models', method: 'GET' })).rejects.toThrow('Failed to fetch')
    expect([upstream.calls.length, gateway.traces.length]).toEqual([0, 0])
    expect((await fetchFrom(page)).status).toBe(200)
  })

  it('is served where every origin is allowed', async () => {
    await gateway.close()
    gateway = await runConfig(configFor(['*']))
    expect((await fetchFrom(await pageAt(stranger))).status).toBe(200)
  })
})

describe('the official client of OpenAI, loaded by a page', () => {
  let loaded: Page

  beforeAll(async () => {
    loaded = await pageAt(allowed)
    const content = 'import OpenAI from "/node_modules/openai/index.mjs"\nObject.assign(globalThis, { OpenAI })'
    await loaded.addScriptTag({ type: 'module', content })
    await loaded.waitForFunction('globalThis.OpenAI')
    // Hundreds of small modules.
  }, 60_000)

  it('asks, streams and knows the id of its request', async () => {
    const told = await loaded.evaluate(
      async ([url, apiKey]) => {
        const { OpenAI: Client } = globalThis as unknown as { readonly OpenAI: typeof OpenAI }
        const client = new Client({ baseURL: `${url}/v1`, apiKey, dangerouslyAllowBrowser: true })
        const asked = { model: 'single', messages: [{ role: 'user' as const, content: 'Hi' }] }
        const whole = await client.chat.completions.create(asked)
        const streamed = await client.chat.completions.stream(asked).finalContent()
        const models = await client.models.list()
        return { id: whole._request_id, said: whole.choices[0]?.message.content, streamed, models: models.data.length }
      },
      [gateway.url, key] as const,
    )
    expect(told).toEqual({
      id: expect.stringMatching(/^req_/) as unknown,
      said: 'Round wheels roll.',
      streamed: 'Round wheels roll.',
      models: 1,
    })
  })

  it('hears that it should not ask again', async () => {
    upstream.reply = refusing(503, { error: { message: 'Overloaded' } })
    const status = await loaded.evaluate(
      async ([url, apiKey]) => {
        const { OpenAI: Client } = globalThis as unknown as { readonly OpenAI: typeof OpenAI }
        const client = new Client({ baseURL: `${url}/v1`, apiKey, dangerouslyAllowBrowser: true, maxRetries: 2 })
        const asked = client.embeddings.create({ model: 'single', input: 'Hi' })
        return asked.then(
          () => 200,
          (error: unknown) => (error as { readonly status: number }).status,
        )
      },
      [gateway.url, key] as const,
    )
    expect([status, upstream.calls.length]).toEqual([502, 1])
  })
})

describe('a page from the internet that asks a gateway on this machine', () => {
  it('is let through to the private network where its origin is allowed', async () => {
    // The browser takes the server of the page for one on the internet.
    const outside = await launchBrowser([`--ip-address-space-overrides=${new URL(allowed.origin).host}=public`])
    try {
      const far = await pageAt(allowed, outside)
      await expect(fetchFrom(far)).rejects.toThrow('Failed to fetch')
      expect(upstream.calls).toHaveLength(0)
      // As its user does who is asked.
      await far.context().grantPermissions(['local-network-access'], { origin: allowed.origin })
      expect((await fetchFrom(far)).status).toBe(200)
    } finally {
      await outside.close()
    }
  })

  it.each([true, false])('hears so in the answer to its question; allowed: %s', async (isAllowed) => {
    const { origin } = isAllowed ? allowed : stranger
    const { headers } = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-private-network': 'true',
      },
    })
    expect(headers.get('access-control-allow-private-network')).toBe(isAllowed ? 'true' : null)
  })
})
