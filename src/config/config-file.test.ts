import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createConfigJsonSchema } from './config-file.ts'

const root = new URL('../../', import.meta.url)
const page = readFileSync(new URL('docs/configuration.md', root), 'utf8')

describe('config.schema.json', () => {
  it('is what `mollmr schema` prints', () => {
    const printed = `${JSON.stringify(createConfigJsonSchema(), null, 2)}\n`
    expect(readFileSync(new URL('config.schema.json', root), 'utf8')).toBe(printed)
  })
})

describe('docs/configuration.md', () => {
  it('names every key of the file', () => {
    const missing = [...keysIn(createConfigJsonSchema())].filter((key) => !page.includes(`\`${key}\``))
    expect(missing).toEqual([])
  })
})

function keysIn(schema: unknown): Set<string> {
  const keys = new Set<string>()
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return
    for (const [name, inner] of Object.entries(node)) {
      if (name === 'properties') Object.keys(inner as object).forEach((key) => keys.add(key))
      visit(inner)
    }
  }
  visit(schema)
  return keys
}
