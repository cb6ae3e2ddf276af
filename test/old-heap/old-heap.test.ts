import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const run = promisify(execFile)
const youngSpace = ['--min-semi-space-size=256', '--max-semi-space-size=256']

it('makes nothing in the old heap for an answer, where it would keep all of the request until a full collection', async () => {
  const program = join(import.meta.dirname, 'count-born-old.ts')
  const { stdout } = await run(process.execPath, [
    '--single-threaded',
    '--max-lazy',
    '--no-opt',
    ...youngSpace,
    program,
  ])
  const { model, mixture } = JSON.parse(stdout) as Record<string, number>
  // A function alone is 56 bytes; strings and shapes that are kept once come to a few bytes an answer.
  expect(model).toBeLessThan(20)
  expect(mixture).toBeLessThan(20)
}, 60_000)
