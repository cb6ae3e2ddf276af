import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: [
      'src/**/*.test.ts',
      'dashboard/src/**/*.test.ts',
      'test/**/*.test.ts',
      'bench/**/*.test.ts',
      'examples/**/*.test.ts',
    ],
    exclude: ['**/node_modules/**', 'test/clients/**'],
    setupFiles: ['test/seed-fast-check.ts'],
    testTimeout: 20_000,
    reporters: ['default'],
  },
})
