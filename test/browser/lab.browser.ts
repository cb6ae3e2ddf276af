/** The page that the gateway serves, as a person uses it. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { digestKey } from '../../src/config/key-digest.ts'
import { chaosText, type ChaosUpstream, type FaultName, startChaosUpstream } from '../../src/testing/chaos-upstream.ts'
import { runConfig } from '../../src/testing/run-config.ts'
import type { RunningGateway } from '../../src/testing/run-gateway.ts'
import { launchBrowser } from './launch-browser.ts'

let browser: Browser
let upstream: ChaosUpstream
let gateway: RunningGateway
let page: Page
/** What a model does instead of answering well. */
let faultOf: Readonly<Record<string, FaultName>>
/** What the browser complained about. */
let complaints: string[]

beforeAll(async () => {
  browser = await launchBrowser()
})

afterAll(async () => {
  await browser.close()
})

beforeEach(async () => {
  faultOf = {}
  complaints = []
  upstream = await startChaosUpstream({ choose: ({ model }) => faultOf[model] ?? null })
})

afterEach(async () => {
  await page.context().close()
  await gateway.close()
  await upstream.close()
})

async function open(keys = ''): Promise<void> {
  gateway = await runConfig(`
upstreams: { up: { kind: openai, base_url: "${upstream.baseUrl}", max_retries: 0 } }
models: [{ id: a, upstream: up }, { id: b, upstream: up }, { id: c, upstream: up }, { id: best, upstream: up, description: "The *best*" }]
mixtures: [{ name: generic, description: Anything, workers: [a, b, c], aggregate: best, quorum: 3 }]
router: { default: generic }
${keys}`)
  page = await browser.newPage()
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  await page.goto(gateway.url)
}

async function ask(question: string, model?: string): Promise<void> {
  if (model !== undefined) await page.getByLabel('Model').selectOption(model)
  await page.getByLabel('Question').fill(question)
  await page.keyboard.press('Enter')
}

const answer = (): ReturnType<Page['getByLabel']> => page.getByLabel('Answer').last()
const lane = (worker: string): ReturnType<Page['getByLabel']> => page.getByLabel(`Draft of ${worker}`).last()
const ended = (): Promise<void> => page.locator('.run[aria-busy=false]').last().waitFor()

describe('the page', () => {
  it('lists what can be asked, and loads nothing from anywhere else', async () => {
    const hosts = new Set<string>()
    await open()
    page.on('request', (request) => hosts.add(new URL(request.url()).origin))
    await page.reload()
    await page.getByRole('cell', { name: 'mollmr/generic' }).waitFor()
    expect(await page.getByLabel('Model').locator('option').allTextContents()).toEqual([
      ...['mollmr/router', 'mollmr/generic', 'mollmr/a', 'mollmr/b', 'mollmr/c', 'mollmr/best'],
    ])
    expect([...hosts]).toEqual([gateway.url])
    expect(complaints).toEqual([])
  })

  it('shows each draft, the answer, and every call with what it took', async () => {
    await open()
    await ask('What do the wheels say?')
    await ended()
    await answer().getByText(chaosText).waitFor()
    for (const worker of ['a', 'b', 'c']) expect(await lane(worker).textContent()).toContain(chaosText)
    const run = page.locator('.run')
    expect(await run.locator('.route').textContent()).toBe('mollmr/router chose generic')
    expect(await run.locator('.took').textContent()).toMatch(/3 of 3 drafts.*4 calls.*tokens.*price not known/)
    await page.getByText('Calls', { exact: true }).click()
    await run.getByRole('row').nth(4).waitFor()
    expect(await run.getByRole('row').allTextContents()).toHaveLength(5)
    expect(complaints).toEqual([])
  })

  it('goes on with the conversation', async () => {
    await open()
    const bodies: { readonly messages: unknown }[] = []
    page.on('request', (request) => {
      if (request.method() === 'POST') bodies.push(request.postDataJSON() as (typeof bodies)[number])
    })
    await ask('What do the wheels say?', 'mollmr/best')
    await ended()
    await ask('And then?')
    await page.locator('.run[aria-busy=false]').nth(1).waitFor()
    expect(bodies.at(-1)?.messages).toEqual([
      { role: 'user', content: 'What do the wheels say?' },
      { role: 'assistant', content: chaosText },
      { role: 'user', content: 'And then?' },
    ])
  })

  it('says what a question would take, and asks nobody for it', async () => {
    await open()
    await page.getByLabel('Question').fill('What do the wheels say?')
    await page.getByRole('button', { name: 'What would it take?' }).click()
    const forecast = page.locator('.forecast')
    await forecast.getByText(/^4 calls, at most about/).waitFor()
    expect(await forecast.getByRole('listitem').allTextContents()).toEqual([
      'router chooses generic (single)',
      'generic: synthesize',
      ...['worker a', 'worker b', 'worker c', 'aggregate best'],
    ])
    expect(upstream.calls).toHaveLength(0)
    await page.getByLabel('Question').fill('Something else')
    await forecast.getByText(/calls/).waitFor({ state: 'detached' })
  })

  it('says of which worker an answer does without, and why', async () => {
    await open()
    faultOf = { b: '500' }
    await ask('What do the wheels say?', 'mollmr/generic')
    await ended()
    expect(await answer().textContent()).toContain('without b')
    await answer().getByText(chaosText).waitFor()
    expect(await lane('b').textContent()).toContain('failed: upstream_error')
  })

  it('says why there is no answer, worker by worker', async () => {
    await open()
    faultOf = { a: '500', b: '500', c: '401' }
    await ask('What do the wheels say?', 'mollmr/generic')
    await ended()
    const told = page.getByRole('alert')
    expect(await told.textContent()).toContain('all_workers_failed')
    expect(await told.getByRole('listitem').allTextContents()).toHaveLength(3)
  })

  it('stops everything when it is told to', async () => {
    await open()
    faultOf = { a: 'hang after headers', b: 'hang after headers', c: 'hang after headers' }
    await ask('What do the wheels say?', 'mollmr/generic')
    await page.locator('.run').waitFor()
    while (upstream.calls.length < 3) await new Promise((resolve) => setTimeout(resolve, 5))
    await page.keyboard.press('Escape')
    await ended()
    expect(await answer().textContent()).toContain('You stopped it')
    while (upstream.openSockets > 0) await new Promise((resolve) => setTimeout(resolve, 5))
  })
})

describe('a gateway with keys', () => {
  const key = 'mk_page_0123456789abcdef'

  it('is asked with the one that is typed in, which is kept for this tab only', async () => {
    await open(`keys: [{ name: page, hash: "${digestKey(key)}" }]`)
    await page.getByLabel('Key').fill('mk_wrong')
    await page.getByRole('button', { name: 'Use it' }).click()
    await page.getByText('The key is none of them.').waitFor()
    await page.getByLabel('Key').fill(key)
    await page.getByRole('button', { name: 'Use it' }).click()
    await ask('What do the wheels say?', 'mollmr/generic')
    await ended()
    await answer().getByText(chaosText).waitFor()
    await page.getByText('Calls', { exact: true }).click()
    await page.getByRole('row').nth(4).waitFor()
    expect([await page.evaluate('localStorage.length'), page.url()]).toEqual([0, `${gateway.url}/`])
  })
})
