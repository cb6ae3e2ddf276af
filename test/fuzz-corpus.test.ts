/** Every input that fuzzing has found, and the good ones that it begins with: none breaks a promise again. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { complaintOf, fuzzTargets } from '../scripts/fuzz-targets.ts'
import { spoil } from '../scripts/spoil.ts'
import { randomOf } from '../src/testing/chaos-upstream.ts'

const corpus = join(import.meta.dirname, 'corpus')

describe.each(fuzzTargets.map((target) => [target.name, target] as const))('%s', (name, target) => {
  const folder = join(corpus, name)
  const files = existsSync(folder) ? readdirSync(folder) : []

  it('takes its seeds, and spoils them the same way for the same seed', () => {
    for (const seed of target.seeds) expect(complaintOf(target, Buffer.from(seed))).toBeNull()
    expect(spoil(target.seeds, randomOf(3))).toEqual(spoil(target.seeds, randomOf(3)))
  })

  it.each(files)('takes %s', (file) => {
    expect(complaintOf(target, readFileSync(join(folder, file)))).toBeNull()
  })
})

it('sees a check that fails', () => {
  const check = (): never => {
    throw new TypeError('boom')
  }
  expect(complaintOf({ name: 'x', seeds: [''], check }, Buffer.from('a'))).toContain('boom')
})
