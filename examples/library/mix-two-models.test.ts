import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const run = promisify(execFile)

it('mixes two models without a server and says that they are simulated', async () => {
  const program = join(import.meta.dirname, 'mix-two-models.ts')
  const { stdout } = await run(process.execPath, [program, 'Why is the sky blue?'])
  const [notice, text = '', summary] = stdout.trim().split('\n')
  expect(notice).toBe('Both models are simulated: what they say is made up.')
  expect(text).toMatch(/^\(simulated\) ./)
  expect(summary).toMatch(/^3 calls, [1-9]\d* tokens$/)
})
