import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const page = readFileSync(new URL('../docs/clients.md', import.meta.url), 'utf8')
const rows = [...page.matchAll(/^\| (C\d+) \|.*\| `(test\/[\w-]+\.test\.ts)` \|$/gm)].map(
  ([, line = '', file = '']) => [line, file] as const,
)

describe('the list of what every client needs, in docs/clients.md', () => {
  it('is whole', () => {
    expect(rows.map(([line]) => line)).toEqual(Array.from({ length: 18 }, (_, index) => `C${index + 1}`))
  })

  it.each(rows)('names where it is tested: %s in %s', (line, file) => {
    const tests = readFileSync(new URL(`../${file}`, import.meta.url), 'utf8')
    expect(tests).toMatch(new RegExp(`^describe(\\.each\\(.*\\))?\\('${line}: `, 'm'))
  })

  it('tells no failure', () => {
    expect(page).not.toContain('**fails**')
  })
})
