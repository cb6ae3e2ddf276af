import { type Figure, type FigureKey, figures, type Goal } from './figures.ts'
import { medianOf } from './median.ts'
import type { Round } from './rounds.ts'
import { type TargetName, targetNames } from './targets.ts'

export type Verdict = 'met' | 'missed' | 'not measured'

/** A goal and what came of it; `reached` is in the goal's own terms: the value, or how many times another target's. */
export interface JudgedGoal extends Goal {
  readonly reached: number | null
  readonly verdict: Verdict
}

/** One figure over all rounds. Null where nothing was measured. */
export interface FigureSummary {
  readonly key: FigureKey
  readonly medians: Readonly<Record<TargetName, number | null>>
  readonly ratioToRaw: number | null
  readonly goals: readonly JudgedGoal[]
  readonly laterGoals: readonly JudgedGoal[]
}

export function summarize(rounds: readonly Round[]): FigureSummary[] {
  return (Object.keys(figures) as FigureKey[])
    .map((key) => summarizeFigure(key, rounds))
    .filter((summary) => targetNames.some((name) => summary.medians[name] !== null))
}

function summarizeFigure(key: FigureKey, rounds: readonly Round[]): FigureSummary {
  const figure: Figure = figures[key]
  const judge = (goal: Goal): JudgedGoal => judgeGoal(goal, goal.times ? ratioTo(goal.times) : medianFor('MoLLMR'))
  const medianFor = (name: TargetName): number | null => medianOrNull(rounds.map((round) => round[name]?.[key]))
  // A ratio of each round, then their median: what disturbed one round disturbed both sides of its ratio.
  const ratioTo = (other: TargetName): number | null =>
    medianOrNull(rounds.map((round) => quotient(round.MoLLMR?.[key], round[other]?.[key])))
  return {
    key,
    medians: {
      MoLLMR: medianFor('MoLLMR'),
      raw: medianFor('raw'),
      Portkey: medianFor('Portkey'),
      upstream: medianFor('upstream'),
    },
    ratioToRaw: ratioTo('raw'),
    goals: figure.goals.map(judge),
    laterGoals: figure.laterGoals.map(judge),
  }
}

function judgeGoal(goal: Goal, reached: number | null): JudgedGoal {
  if (reached === null) return { ...goal, reached, verdict: 'not measured' }
  const isMet = goal.limit === 'at most' ? reached <= goal.value : reached >= goal.value
  return { ...goal, reached, verdict: isMet ? 'met' : 'missed' }
}

function medianOrNull(values: readonly (number | undefined)[]): number | null {
  const measured = values.filter((value): value is number => Number.isFinite(value))
  return measured.length === 0 ? null : medianOf(measured)
}

function quotient(value: number | undefined, divisor: number | undefined): number | undefined {
  return value === undefined || divisor === undefined ? undefined : value / divisor
}
