import { defineConfig } from 'vitest/config'

/** What needs a Chromium on the machine: `npm run browser`. */
export default defineConfig({
  test: { include: ['test/browser/**/*.browser.ts'], testTimeout: 30_000, reporters: ['default'] },
})
