/** A question that is asked once more, on simulated models. */
import type { Browser, Locator } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { launchBrowser } from './launch-browser.ts'
import { type OpenLab, openLab } from './open-lab.ts'

let browser: Browser
let lab: OpenLab

beforeAll(async () => {
  browser = await launchBrowser()
})

afterAll(async () => {
  await browser.close()
})

afterEach(async () => {
  await lab.close()
})

async function open({ server = '', reuse = 60_000 } = {}): Promise<void> {
  lab = await openLab(
    browser,
    `
server: { ${server} }
upstreams:
  one: { kind: simulated, seed: 1 }
  two: { kind: simulated, seed: 2 }
  three: { kind: simulated, seed: 3 }
mixtures:
  - { name: generic, description: Anything, workers: [one, two], aggregate: three, quorum: 2, reuse_drafts_ms: ${reuse} }
  - { name: picking, description: Programs, strategy: select, workers: [one, two], aggregate: three, quorum: 2 }
router: { default: generic }
`,
  )
  await lab.ask('Why is the sky blue?')
  await lab.ended()
}

const answers = (): Locator => lab.page.getByLabel('Answer', { exact: true })
const offer = (name: string): Locator => lab.page.getByRole('button', { name })

async function pick(model: string): Promise<void> {
  await lab.page.locator('.pick select').selectOption(model)
  await lab.page.locator('.pick').getByRole('button', { name: 'Ask' }).click()
  await answers().nth(1).waitFor()
  await lab.ended()
}

it('the same drafts are given to another aggregate, and nobody else is asked', async () => {
  await open()
  await offer('Again with …').click()
  expect(await lab.page.locator('.pick option').allTextContents()).toEqual([
    ...['mollmr/one (simulated)', 'mollmr/two (simulated)', 'mollmr/three (simulated)'],
  ])
  await pick('mollmr/two')
  const [first, second] = [answers().first(), answers().nth(1)]
  expect(await first.locator('.byline').textContent()).toBe('Answer three')
  expect(await second.locator('.byline').textContent()).toBe('Answer two')
  expect(await second.textContent()).toContain('simulated: the text is made up')
  expect(await second.textContent()).toContain('The drafts were kept: no worker was asked again.')
  expect(await lab.page.locator('.took').allTextContents()).toEqual([
    expect.stringMatching(/2 of 2 drafts.*3 calls/),
    expect.stringMatching(/2 of 2 drafts.*1 call[^s]/),
  ])
  const [left, right] = [await first.boundingBox(), await second.boundingBox()]
  expect(left?.y).toBe(right?.y)
  expect(lab.complaints).toEqual([])
})

it('drafts that are not kept are paid for again, which is said', async () => {
  await open({ reuse: 0 })
  await offer('Again with …').focus()
  for (const key of ['Enter', 'Tab', 'Enter']) await lab.page.keyboard.press(key)
  await answers().nth(1).waitFor()
  await lab.ended()
  expect(await answers().nth(1).textContent()).toContain('No draft was kept: the workers were asked again.')
  expect(await lab.page.locator('.took').last().textContent()).toContain('3 calls')
})

it('another aggregate cannot be had where the gateway does not allow it, and it says why', async () => {
  await open({ server: 'overrides: [quorum]' })
  await lab.page.getByText('mollmr.aggregate may not be set here: server.overrides allows quorum.').waitFor()
  expect(await offer('Again with …').isDisabled()).toBe(true)
})

it('a choice is left by Escape', async () => {
  await open()
  await offer('Again with …').click()
  await lab.page.keyboard.press('Escape')
  await offer('Again with …').waitFor()
  expect(await lab.page.locator('.pick').count()).toBe(0)
})

it('the conversation goes on from a draft that is picked, until it is taken back', async () => {
  await open()
  const asked: { readonly messages: readonly { readonly content: string }[] }[] = []
  lab.page.on('request', (request) => {
    if (request.url().endsWith('/chat/completions')) asked.push(request.postDataJSON() as (typeof asked)[number])
  })
  const lane = lab.page.getByLabel('Draft of two')
  const draft = await lane.locator('.draft').textContent()
  expect(await answers().getByRole('button', { name: 'Go on' }).count()).toBe(0)
  await lane.getByRole('button', { name: 'Go on from this draft' }).click()
  await answers().getByText('The draft of two stands in for this answer').waitFor()
  await lab.ask('And at night?', 'mollmr/one')
  await lab.page.locator('.turn').nth(1).waitFor()
  await lab.ended()
  expect(asked.at(-1)?.messages.map(({ content }) => content)).toEqual(['Why is the sky blue?', draft, 'And at night?'])
  await lane.getByRole('button', { name: 'Take back' }).click()
  expect(await answers().first().textContent()).not.toContain('stands in')
  await lab.ask('And at dawn?')
  await lab.page.locator('.turn').nth(2).waitFor()
  await lab.ended()
  expect(asked.at(-1)?.messages[1]?.content).not.toBe(draft)
})

it('the conversation goes on from a second answer where that is picked', async () => {
  await open()
  await offer('Again with …').click()
  await pick('mollmr/one')
  await answers().first().getByText('The conversation goes on from this answer.').waitFor()
  await answers().nth(1).getByRole('button', { name: 'Go on from this answer' }).click()
  await answers().first().getByText('The answer of one stands in for this answer').waitFor()
  expect(await answers().nth(1).textContent()).toContain('The conversation goes on from this answer.')
})

it('the same question is asked of one model, and of another mixture, with what each took', async () => {
  await open()
  await offer('Compare with …').click()
  expect(await lab.page.locator('.pick select').inputValue()).toBe('mollmr/three')
  await pick('mollmr/three')
  await offer('Compare with …').click()
  await pick('mollmr/picking')
  await answers().nth(2).waitFor()
  await lab.ended()
  expect(await answers().locator('.byline').allTextContents()).toEqual([
    'Answer three',
    'Answer mollmr/three',
    expect.stringMatching(/^Answer mollmr\/picking by (one|two)$/),
  ])
  expect(await lab.page.locator('.took').allTextContents()).toEqual([
    expect.stringMatching(/ s2 of 2 drafts3 calls[\d,]+ tokens.*price not known$/),
    expect.stringMatching(/ s1 call[\d,]+ tokens.*price not known$/),
    expect.stringMatching(/ s2 of 2 drafts3 calls[\d,]+ tokens.*price not known$/),
  ])
  expect(await lab.page.getByText('simulated: the text is made up').count()).toBe(2)
  await lab.page.getByText('Drafts', { exact: true }).click()
  await lab.page.getByText('done; the answer, word for word').waitFor()
  expect(lab.complaints).toEqual([])
})

it('answers stand below each other on a phone', async () => {
  await open()
  await lab.page.setViewportSize({ width: 390, height: 844 })
  await offer('Compare with …').click()
  await pick('mollmr/one')
  const [first, second] = [await answers().first().boundingBox(), await answers().nth(1).boundingBox()]
  expect(first?.x).toBe(second?.x)
  expect(await lab.page.evaluate('document.documentElement.scrollWidth')).toBe(390)
})
