import type { Browser, Locator, Page } from 'playwright-core'
import { runConfig } from '../../src/testing/run-config.ts'
import type { RunningGateway } from '../../src/testing/run-gateway.ts'

/** The page of a gateway, as a person has it before them. */
export interface OpenLab {
  readonly gateway: RunningGateway
  readonly page: Page
  /** What the browser complained about. */
  readonly complaints: readonly string[]
  /** The part with this label that came last. */
  readonly last: (label: string) => Locator
  readonly ask: (question: string, model?: string) => Promise<void>
  /** Resolves once nothing runs that was asked last. */
  readonly ended: () => Promise<void>
  readonly close: () => Promise<void>
}

/** Starts a gateway with this config and opens its page. */
export async function openLab(browser: Browser, config: string): Promise<OpenLab> {
  const gateway = await runConfig(config)
  const page = await browser.newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  await page.goto(gateway.url)
  return {
    ...{ gateway, page, complaints },
    last: (label) => page.getByLabel(label).last(),
    ask: async (question, model) => {
      if (model !== undefined) await page.getByLabel('Model').selectOption(model)
      await page.getByLabel('Question').fill(question)
      await page.keyboard.press('Enter')
    },
    ended: () => page.locator('.turn').last().and(page.locator('[aria-busy=false]')).waitFor(),
    close: async () => {
      await page.context().close()
      await gateway.close()
    },
  }
}
