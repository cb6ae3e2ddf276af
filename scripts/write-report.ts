import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A figure, what it must be, and whether it is. */
export interface Figure {
  readonly name: string
  readonly value: number
  readonly limit: string
  readonly holds: boolean
  /** Wanted, but known to be missed as yet: told, and no failure. */
  readonly isGoal?: boolean
}

export function atMost(name: string, value: number, limit: number): Figure {
  return { name, value, limit: `<= ${limit}`, holds: value <= limit }
}

export function atLeast(name: string, value: number, limit: number): Figure {
  return { name, value, limit: `>= ${limit}`, holds: value >= limit }
}

export function goal(figure: Figure): Figure {
  return { ...figure, isGoal: true }
}

/** Writes `reports/NAME.json` and `.md`, prints the table, and sets the exit code. */
export function writeReport(name: string, figures: readonly Figure[], facts: Readonly<Record<string, unknown>>): void {
  const folder = join(import.meta.dirname, '../reports')
  mkdirSync(folder, { recursive: true })
  const rows = figures.map((figure) => `| ${figure.name} | ${figure.value} | ${figure.limit} | ${verdictOf(figure)} |`)
  const about = Object.entries(facts).map(([key, value]) => `- ${key}: ${JSON.stringify(value)}`)
  const markdown = [
    `# ${name}`,
    '',
    ...about,
    '',
    '| figure | value | limit | holds |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n')
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify({ name, ...facts, figures }, null, 2)}\n`)
  writeFileSync(join(folder, `${name}.md`), markdown)
  console.log(markdown)
  const passed = figures.filter(({ holds }) => holds).length
  const failed = figures.filter(({ holds, isGoal = false }) => !holds && !isGoal).length
  console.log(`${passed} passed, ${failed} failed`)
  if (failed > 0) process.exitCode = 1
}

function verdictOf({ holds, isGoal = false }: Figure): string {
  if (holds) return 'yes'
  return isGoal ? 'missed' : 'NO'
}
