import { solve } from './closed-question.ts'
import type { SeededRandom } from './seeded-random.ts'

/** Who a simulated model is: two with another name or seed say different things. */
export interface Character {
  readonly name: string
  readonly seed: number
  /** 0 to 1: the share of closed questions that are answered right. */
  readonly accuracy: number
}

const slips = [1, -1, 2, -2, 10, -10] as const

/** What a closed question comes to: right with the character's accuracy, else off by a slip; null where it is open. */
export function closedResult(question: string, { accuracy }: Character, random: SeededRandom): number | null {
  const solution = solve(question)
  if (solution === null) return null
  const result = random.next() < accuracy ? solution : solution + random.pick(slips)
  return Number(result.toFixed(6))
}
