import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

const candidates = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** The Chromium of this machine, without a window. @throws where there is none: a test that is not run says nothing */
export async function launchBrowser(flags: readonly string[] = []): Promise<Browser> {
  const executablePath = candidates.find((path) => existsSync(path))
  if (executablePath === undefined)
    throw new Error('There is no Chromium: apt-get install -y --no-install-recommends chromium')
  return chromium.launch({ executablePath, args: ['--no-sandbox', ...flags] })
}
