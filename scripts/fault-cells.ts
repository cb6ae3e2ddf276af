import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** One row of `docs/faults.md`. */
export interface FaultCell {
  /** `F1` to `F31`, `C1` to `C10`, `S1` to `S14`, `N1` to `N10`. */
  readonly id: string
  /** Names of faults of the chaos upstream. */
  readonly played: readonly string[]
  readonly tests: readonly FaultTest[]
}

export interface FaultTest {
  /** From the root of the project. */
  readonly file: string
  /** What tests or their group are called, or how that begins; null: all in the file. */
  readonly title: string | null
}

/** The tests in which every fault of the chaos upstream is played. */
export const playingFiles: readonly string[] = ['faults', 'roles', 'dialects'].map(
  (name) => `test/chaos-${name}.test.ts`,
)

/** The cells that `docs/faults.md` has, in its order. */
export function readFaultCells(): readonly FaultCell[] {
  const page = readFileSync(join(import.meta.dirname, '../docs/faults.md'), 'utf8')
  return page.split('\n').flatMap((line) => {
    const columns = line.split('|').map((column) => column.trim())
    const [, id = ''] = columns
    if (!/^[FCSN]\d+$/.test(id)) return []
    const played = id.startsWith('F') ? (columns.at(-3) ?? '') : ''
    const tests = testsIn(columns.at(-2) ?? '')
    return { id, played: played.split('; ').filter((name) => name !== ''), tests }
  })
}

/** A title belongs to the file before it. */
function testsIn(column: string): FaultTest[] {
  const tests: FaultTest[] = []
  let file = ''
  let hasTitle = true
  for (const [, path, title = ''] of column.matchAll(/`([^`]+)`|"([^"]+)"/g)) {
    if (path !== undefined) {
      if (!hasTitle) tests.push({ file, title: null })
      file = path
    } else tests.push({ file, title })
    hasTitle = path === undefined
  }
  if (!hasTitle) tests.push({ file, title: null })
  return tests
}
