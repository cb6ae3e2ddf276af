/** The two forms of a result: a table to read and JSON to compare runs with. */
import { type Figure, figures, type Goal } from './figures.ts'
import type { Round } from './rounds.ts'
import type { FigureSummary, JudgedGoal } from './summarize.ts'
import type { TargetName } from './targets.ts'

/** Where and on what a run was taken. */
export interface RunDescription {
  readonly date: string
  readonly commit: string
  readonly node: string
  readonly machine: { readonly cpu: string; readonly cores: number; readonly memoryGb: number; readonly kernel: string }
  readonly isQuick: boolean
  /** Targets that could not be had, and why. */
  readonly missing: Readonly<Partial<Record<TargetName, string>>>
}

export interface Report {
  readonly run: RunDescription
  readonly summary: readonly FigureSummary[]
  readonly rounds: readonly Round[]
}

/** A Markdown page: what was measured where, then one row a figure. */
export function writeMarkdown({ run, summary, rounds }: Report): string {
  const { cpu, cores, memoryGb, kernel } = run.machine
  const missing = Object.entries(run.missing).map(([name, reason]) => `${name} could not be measured: ${reason}\n`)
  return [
    `Medians of ${rounds.length} rounds, ${run.isQuick ? 'the short run' : 'the whole run'}, ${run.date}, commit ${run.commit}, ` +
      `Node ${run.node}, ${cpu}, ${cores} cores, ${memoryGb} GB, Linux ${kernel}.\n`,
    ...missing,
    '| figure | MoLLMR | raw | Portkey | upstream alone | ratio to raw | goal of this release | met? | later goal | met? |',
    '|-|-|-|-|-|-|-|-|-|-|',
    ...summary.map(rowOf),
    '',
  ].join('\n')
}

/**
 * Between two machines the ratio of the same code moves by a third (a bypass of one commit: 1.68 and 2.18), because system
 * calls cost one of them more: a gate at the goal itself would stop changes by chance.
 */
const gateSlack = 1.4

/**
 * The goals of this release that were missed by more than chance and so stop a change: those in times the raw proxy, one
 * sentence each. They hold on a busy machine too, and a change of the peer's speed is not ours to answer for.
 */
export function findMissedGates(summary: readonly FigureSummary[]): string[] {
  return summary.flatMap(({ key, goals }) =>
    goals
      .filter(({ times, reached, value }) => times === 'raw' && reached !== null && reached > value * gateSlack)
      .map((goal) => `${figures[key].title}: ${reachedOf(goal)}, the goal is ${goalText(goal)}`),
  )
}

function rowOf({ key, medians, ratioToRaw, goals, laterGoals }: FigureSummary): string {
  const { title, decimals }: Figure = figures[key]
  const cells = [
    title,
    ...[medians.MoLLMR, medians.raw, medians.Portkey, medians.upstream].map((value) => numberText(value, decimals)),
    numberText(ratioToRaw, 2),
    ...goalCells(goals),
    ...goalCells(laterGoals),
  ]
  return `| ${cells.join(' | ')} |`
}

function goalCells(goals: readonly JudgedGoal[]): [goal: string, verdict: string] {
  const verdicts = goals.map((goal) =>
    goal.times && goal.reached !== null ? `${goal.verdict} (${reachedOf(goal)})` : goal.verdict,
  )
  return [goals.map(goalText).join(', '), verdicts.join(', ')]
}

function goalText({ limit, value, times }: Goal): string {
  return `${limit === 'at most' ? '≤' : '≥'} ${value}${times ? `x ${times}` : ''}`
}

function reachedOf({ reached, times }: JudgedGoal): string {
  return reached === null ? 'not measured' : `${reached.toFixed(2)}${times ? `x ${times}` : ''}`
}

function numberText(value: number | null, decimals: number): string {
  return value === null ? '-' : value.toFixed(decimals)
}
