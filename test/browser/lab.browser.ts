/** The page that the gateway serves, as a person uses it. */
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { digestKey } from '../../src/config/key-digest.ts'
import { chaosText, type ChaosUpstream, type FaultName, startChaosUpstream } from '../../src/testing/chaos-upstream.ts'
import { launchBrowser } from './launch-browser.ts'
import { type OpenLab, openLab } from './open-lab.ts'

let browser: Browser
let upstream: ChaosUpstream
let lab: OpenLab
let page: Page
/** What a model does instead of answering well. */
let faultOf: Readonly<Record<string, FaultName>>
/** It does so in its first call alone. */
let isOnce: boolean

beforeAll(async () => {
  browser = await launchBrowser()
})

afterAll(async () => {
  await browser.close()
})

beforeEach(async () => {
  faultOf = {}
  isOnce = false
  upstream = await startChaosUpstream({
    choose: ({ model }) => {
      const isLater = upstream.calls.filter((each) => each === model).length > 1
      return isOnce && isLater ? null : (faultOf[model] ?? null)
    },
  })
})

afterEach(async () => {
  await lab.close()
  await upstream.close()
})

async function open({ keys = '', retries = 0 } = {}): Promise<void> {
  lab = await openLab(
    browser,
    `
upstreams: { up: { kind: openai, base_url: "${upstream.baseUrl}", max_retries: ${retries} } }
models: [{ id: a, upstream: up }, { id: b, upstream: up }, { id: c, upstream: up }, { id: best, upstream: up, description: "The *best*" }]
mixtures: [{ name: generic, description: Anything, workers: [a, b, c], aggregate: best, quorum: 3 }]
router: { default: generic }
${keys}`,
  )
  page = lab.page
}

const answer = (): Locator => lab.last('Answer')
const lane = (worker: string): Locator => lab.last(`Draft of ${worker}`)

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
    expect([...hosts]).toEqual([lab.gateway.url])
    expect(lab.complaints).toEqual([])
  })

  it('shows each draft, the answer, and every call with what it took', async () => {
    await open()
    await lab.ask('What do the wheels say?')
    await lab.ended()
    await answer().getByText(chaosText).waitFor()
    for (const worker of ['a', 'b', 'c']) expect(await lane(worker).textContent()).toContain(chaosText)
    const run = page.locator('.turn')
    expect(await run.locator('.route').textContent()).toBe('mollmr/router chose generic')
    expect(await run.locator('.took').textContent()).toMatch(/3 of 3 drafts.*4 calls.*tokens.*price not known/)
    await page.getByText('Calls', { exact: true }).click()
    await run.getByRole('row').nth(4).waitFor()
    expect(await run.getByRole('row').allTextContents()).toHaveLength(5)
    expect(lab.complaints).toEqual([])
  })

  it('goes on with the conversation', async () => {
    await open()
    const bodies: { readonly messages: unknown }[] = []
    page.on('request', (request) => {
      if (request.method() === 'POST') bodies.push(request.postDataJSON() as (typeof bodies)[number])
    })
    await lab.ask('What do the wheels say?', 'mollmr/best')
    await lab.ended()
    await lab.ask('And then?')
    await page.locator('.turn').nth(1).waitFor()
    await lab.ended()
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
    await lab.ask('What do the wheels say?', 'mollmr/generic')
    await lab.ended()
    expect(await answer().textContent()).toContain('without b')
    await answer().getByText(chaosText).waitFor()
    expect(await lane('b').textContent()).toMatch(/failed: upstream_error.*The upstream failed/)
  })

  it('says which call was made again, why, and with which status the first was refused', async () => {
    await open({ retries: 1 })
    faultOf = { b: '500' }
    isOnce = true
    await lab.ask('What do the wheels say?', 'mollmr/generic')
    await lab.ended()
    expect(await lane('b').textContent()).toMatch(/^bdone.*2nd attempt, after upstream_error/)
    expect(await lane('a').textContent()).not.toContain('attempt')
    await page.getByText('Calls', { exact: true }).click()
    const rows = page.locator('.calls tbody tr').filter({ has: page.getByText('worker b') })
    await rows.nth(1).waitFor()
    expect(await rows.allTextContents()).toEqual([
      expect.stringMatching(/^worker bb500 upstream_error The upstream failed/),
      expect.stringMatching(/^worker bb2nd attemptok.*\d k?B$/),
    ])
  })

  it('says why there is no answer, worker by worker', async () => {
    await open()
    faultOf = { a: '500', b: '500', c: '401' }
    await lab.ask('What do the wheels say?', 'mollmr/generic')
    await lab.ended()
    const told = page.getByRole('alert')
    expect(await told.textContent()).toContain('all_workers_failed')
    expect(await told.getByRole('listitem').allTextContents()).toHaveLength(3)
  })

  it('stops everything when it is told to', async () => {
    await open()
    faultOf = { a: 'hang after headers', b: 'hang after headers', c: 'hang after headers' }
    await lab.ask('What do the wheels say?', 'mollmr/generic')
    await page.locator('.run').waitFor()
    while (upstream.calls.length < 3) await new Promise((resolve) => setTimeout(resolve, 5))
    await page.keyboard.press('Escape')
    await lab.ended()
    expect(await answer().textContent()).toContain('You stopped it')
    while (upstream.openSockets > 0) await new Promise((resolve) => setTimeout(resolve, 5))
  })
})

describe('a gateway with keys', () => {
  const key = 'mk_page_0123456789abcdef'

  it('is asked with the one that is typed in, which is kept for this tab only', async () => {
    await open({ keys: `keys: [{ name: page, hash: "${digestKey(key)}" }]` })
    await page.getByLabel('Key').fill('mk_wrong')
    await page.getByRole('button', { name: 'Use it' }).click()
    await page.getByText('The key is none of them.').waitFor()
    await page.getByLabel('Key').fill(key)
    await page.getByRole('button', { name: 'Use it' }).click()
    await lab.ask('What do the wheels say?', 'mollmr/generic')
    await lab.ended()
    await answer().getByText(chaosText).waitFor()
    await page.getByText('Calls', { exact: true }).click()
    await page.getByRole('row').nth(4).waitFor()
    expect([await page.evaluate('localStorage.length'), page.url()]).toEqual([0, `${lab.gateway.url}/`])
  })
})
