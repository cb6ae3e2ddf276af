/** The page of faults has every cell, and what it names exists. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { playingFiles, readFaultCells } from '../scripts/fault-cells.ts'
import { faultNames } from '../src/testing/chaos-upstream.ts'

const root = join(import.meta.dirname, '..')
const cells = readFaultCells()
const numbered = (letter: string, most: number): string[] =>
  Array.from({ length: most }, (_, index) => `${letter}${index + 1}`)

it('has every cell once, in order', () => {
  const ids = [...numbered('F', 31), ...numbered('C', 10), ...numbered('S', 14), ...numbered('N', 10)]
  expect(cells.map(({ id }) => id)).toEqual(ids)
})

it.each(cells)('$id names what is there', ({ tests, played }) => {
  expect(tests.length + played.length).toBeGreaterThan(0)
  for (const { file, title } of tests) {
    expect(existsSync(join(root, file)), file).toBe(true)
    if (title !== null) expect(readFileSync(join(root, file), 'utf8')).toContain(title)
  }
  for (const name of played) expect(faultNames).toContain(name)
})

it('has a cell for every fault that the chaos upstream can play', () => {
  const played = new Set(cells.flatMap((cell) => cell.played))
  expect(faultNames.filter((name) => !played.has(name))).toEqual([])
  for (const file of playingFiles) expect(readFileSync(join(root, file), 'utf8')).toContain('faultNames')
})
