import { type Bench, type Measurement, type Sample } from './measurements.ts'
import { type RunningTarget, startTarget, type Target, type TargetName } from './targets.ts'

/** What one round showed of each target. */
export type Round = Readonly<Partial<Record<TargetName, Sample>>>

export interface RoundsOptions {
  readonly rounds: number
  readonly upstream: RunningTarget
  readonly targets: readonly Target[]
  readonly measurements: readonly Measurement[]
  readonly bench: Bench
  onProgress(text: string): void
}

/**
 * Every round starts the targets afresh and takes each measurement of all of them in turn, so that what else the
 * machine does falls on all alike. Who goes first changes from round to round.
 */
export async function runRounds(options: RoundsOptions): Promise<Round[]> {
  const rounds: Round[] = []
  for (let index = 0; index < options.rounds; index++) {
    const startedMs = performance.now()
    rounds.push(await runRound(options, index))
    const seconds = Math.round((performance.now() - startedMs) / 1000)
    options.onProgress(`round ${index + 1} of ${options.rounds}: ${seconds} s`)
  }
  return rounds
}

async function runRound({ upstream, targets, measurements, bench }: RoundsOptions, index: number): Promise<Round> {
  const running = [upstream]
  try {
    for (const target of targets) running.push(await startTarget(target))
    const samples: Partial<Record<TargetName, Sample>> = {}
    for (const measurement of measurements) {
      for (const target of rotated(running, index)) {
        if (!measurement.targets.includes(target.name)) continue
        samples[target.name] = { ...samples[target.name], ...(await measurement.measure(target, bench)) }
      }
    }
    return samples
  } finally {
    for (const target of running.slice(1)) await target.stop()
  }
}

function rotated<T>(list: readonly T[], by: number): readonly T[] {
  const from = by % list.length
  return [...list.slice(from), ...list.slice(0, from)]
}
