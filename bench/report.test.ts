import { describe, expect, it } from 'vitest'
import { findMissedGates, type Report, type RunDescription, writeMarkdown } from './report.ts'
import type { Round } from './rounds.ts'
import { summarize } from './summarize.ts'

describe('writeMarkdown', () => {
  it('says on what the figures were taken', () => {
    const page = pageOf([{ MoLLMR: { idleRss: 70 } }, { MoLLMR: { idleRss: 72 } }])
    expect(page).toContain('Medians of 2 rounds, the whole run, 2026-11-24T10:00:00.000Z, commit abc1234')
    expect(page).toContain('Node v24.21.0, some CPU, 2 cores, 8 GB, Linux 6.1')
  })

  it('has a row for a figure: everyone beside each other, the ratio, the goals and what came of them', () => {
    const round: Round = {
      MoLLMR: { bypassCpu: 50 },
      raw: { bypassCpu: 40 },
      Portkey: { bypassCpu: 1000 },
      upstream: { bypassCpu: 5.25 },
    }
    expect(rowOf([round], 'bypass, CPU')).toBe(
      '| bypass, CPU µs a request | 50.0 | 40.0 | 1000.0 | 5.3 | 1.25 | ≤ 1.8x raw, ≤ 0.1x Portkey ' +
        '| met (1.25x raw), met (0.05x Portkey) | ≤ 1.4x raw | met (1.25x raw) |',
    )
  })

  it('leaves a dash where a target has no such figure, and says that the goal was not measured', () => {
    const row = rowOf([{ MoLLMR: { bypassCpu: 50 }, raw: { bypassCpu: 40 } }], 'bypass, CPU')
    expect(row).toContain('| 50.0 | 40.0 | - | - | 1.25 |')
    expect(row).toContain('| met (1.25x raw), not measured |')
  })

  it('names a target that could not be had, with the reason', () => {
    const page = pageOf([{ MoLLMR: { idleRss: 70 } }], { missing: { Portkey: 'no registry in reach' } })
    expect(page).toContain('Portkey could not be measured: no registry in reach\n')
  })

  it('gives every row as many cells as the head', () => {
    const lines = pageOf([{ MoLLMR: { idleRss: 70, startUp: 300, mixtureRate: 900, bypassCpu: 60 } }]).split('\n')
    const widths = lines.filter((line) => line.startsWith('|')).map((line) => line.split('|').length)
    expect(widths).toHaveLength(6)
    expect(new Set(widths).size).toBe(1)
  })
})

describe('findMissedGates', () => {
  it('finds a time on a core that is too many times the raw proxy, and says by how much', () => {
    const missed = findMissedGates(summarize([{ MoLLMR: { pacedCpu: 44 }, raw: { pacedCpu: 20 } }]))
    expect(missed).toEqual(['300 paced streams, CPU µs a chunk: 2.20x raw, the goal is ≤ 1.5x raw'])
  })

  it('finds nothing where the goals are met', () => {
    expect(findMissedGates(summarize([{ MoLLMR: { pacedCpu: 30 }, raw: { pacedCpu: 20 } }]))).toEqual([])
  })

  it('lets pass what is as near to a goal as the same code is on two machines', () => {
    expect(findMissedGates(summarize([{ MoLLMR: { pacedCpu: 40 }, raw: { pacedCpu: 20 } }]))).toEqual([])
  })

  it('does not gate on what a busy machine changes, nor on the speed of the peer', () => {
    const round: Round = {
      MoLLMR: { startUp: 4000, mixture32P99: 90, bypassCpu: 50 },
      raw: { startUp: 100, bypassCpu: 40 },
      Portkey: { bypassCpu: 51 },
    }
    expect(findMissedGates(summarize([round]))).toEqual([])
  })

  it('does not take a goal that was not measured for a missed one', () => {
    expect(findMissedGates(summarize([{ MoLLMR: { bypassCpu: 50 } }]))).toEqual([])
  })
})

const run: RunDescription = {
  date: '2026-11-24T10:00:00.000Z',
  commit: 'abc1234',
  node: 'v24.21.0',
  machine: { cpu: 'some CPU', cores: 2, memoryGb: 8, kernel: '6.1' },
  isQuick: false,
  missing: {},
}

function pageOf(rounds: readonly Round[], changes: Partial<RunDescription> = {}): string {
  const report: Report = { run: { ...run, ...changes }, summary: summarize(rounds), rounds }
  return writeMarkdown(report)
}

function rowOf(rounds: readonly Round[], title: string): string | undefined {
  return pageOf(rounds)
    .split('\n')
    .find((line) => line.startsWith(`| ${title}`))
}
