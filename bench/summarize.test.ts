import { describe, expect, it } from 'vitest'
import type { FigureKey } from './figures.ts'
import type { Round } from './rounds.ts'
import { type FigureSummary, summarize } from './summarize.ts'

describe('summarize', () => {
  it('takes the median of each target over the rounds', () => {
    const summary = figureOf('bypassCpu', [cpuRound(50, 30), cpuRound(52, 31), cpuRound(90, 80)])
    expect(summary.medians).toEqual({ MoLLMR: 52, raw: 31, Portkey: null, upstream: null })
  })

  it('takes the ratio within each round before its median, so that a slow round does not count against anybody', () => {
    // The medians alone would say 60 / 30 = 2: each in another round.
    const rounds = [cpuRound(45, 30), cpuRound(60, 40), cpuRound(60, 30)]
    expect(figureOf('bypassCpu', rounds).ratioToRaw).toBe(1.5)
  })

  it('leaves out figures that nobody has', () => {
    expect(summarize([cpuRound(50, 30)]).map(({ key }) => key)).toEqual(['bypassCpu'])
  })

  it('has no ratio where the other side is missing', () => {
    const summary = figureOf('idleRss', [{ MoLLMR: { idleRss: 70 } }])
    expect(summary.ratioToRaw).toBeNull()
  })

  it('does not count a value that is no number', () => {
    const rounds: Round[] = [{ MoLLMR: { idleRss: NaN } }, { MoLLMR: { idleRss: 70 } }]
    expect(figureOf('idleRss', rounds).medians.MoLLMR).toBe(70)
  })
})

describe('a goal', () => {
  it('in absolute terms is judged by the median', () => {
    const [goal] = figureOf('idleRss', [{ MoLLMR: { idleRss: 70 } }]).goals
    expect(goal).toMatchObject({ reached: 70, verdict: 'met' })
  })

  it('in times another target is judged by the ratio within the rounds', () => {
    const [toRaw] = figureOf('bypassCpu', [cpuRound(90, 30)]).goals
    expect(toRaw).toMatchObject({ times: 'raw', reached: 3, verdict: 'missed' })
  })

  it('that says at least is met from its value on', () => {
    const rounds: Round[] = [{ MoLLMR: { mixtureRate: 1800 } }]
    expect(figureOf('mixtureRate', rounds).laterGoals).toMatchObject([{ reached: 1800, verdict: 'met' }])
    const slower: Round[] = [{ MoLLMR: { mixtureRate: 1799 } }]
    expect(figureOf('mixtureRate', slower).laterGoals).toMatchObject([{ verdict: 'missed' }])
  })

  it('against a target that could not be had is not measured, which is neither met nor missed', () => {
    const toPortkey = figureOf('bypassCpu', [cpuRound(50, 30)]).goals.find(({ times }) => times === 'Portkey')
    expect(toPortkey).toMatchObject({ reached: null, verdict: 'not measured' })
  })
})

function cpuRound(ours: number, raw: number): Round {
  return { MoLLMR: { bypassCpu: ours }, raw: { bypassCpu: raw } }
}

function figureOf(key: FigureKey, rounds: readonly Round[]): FigureSummary {
  const summary = summarize(rounds).find((each) => each.key === key)
  if (summary === undefined) throw new Error(`${key} was not summarised`)
  return summary
}
