import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { strategyNames } from './strategies.ts'

const here = import.meta.dirname
const sources = readdirSync(join(here, '../..'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
  .map((path) => ({ path, text: readFileSync(join(here, '../..', path), 'utf8') }))

describe.each(strategyNames)('the strategy %s', (name) => {
  const file = `${name.replace('_', '-')}.ts`

  it('is a file of its own that the table alone knows', () => {
    expect(readdirSync(here)).toContain(file)
    const importers = sources.filter(({ text }) => new RegExp(`from '[./a-z]*/${file}'`).test(text))
    expect(importers.map(({ path }) => path)).toEqual([join('mixture', 'strategies', 'strategies.ts')])
  })

  it('knows no other strategy', () => {
    const own = sources.find(({ path }) => path.endsWith(join('strategies', file)))
    const imported = [...(own?.text ?? '').matchAll(/from '\.\/(.+?)'/g)].map(([, from]) => from)
    expect(imported).toEqual(['strategy.ts'])
  })
})
