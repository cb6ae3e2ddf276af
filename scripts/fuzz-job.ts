/** One target of `npm run fuzz`, in a thread of its own. */
import { parentPort, workerData } from 'node:worker_threads'
import { randomOf } from '../src/testing/chaos-upstream.ts'
import { complaintOf, type FuzzTarget, fuzzTargets } from './fuzz-targets.ts'
import { spoil } from './spoil.ts'
import { countSplits } from './sse-splits.ts'

/** A target, or the splits of event streams. */
export interface FuzzJob {
  readonly name: string
  readonly cases: number
  readonly seed: number
}

export interface FuzzResult {
  readonly cases: number
  readonly failures: number
  /** One input for each kind of failure. */
  readonly examples: readonly FuzzExample[]
}

export interface FuzzExample {
  readonly input: Uint8Array
  readonly why: string
}

/** The job that cuts event streams: `cases` random splits beside those in every two places. */
export const splitsJob = 'sse-splits'

function fuzz(target: FuzzTarget, { cases, seed }: FuzzJob): FuzzResult {
  const random = randomOf(seed)
  const examples = new Map<string, FuzzExample>()
  let failures = 0
  for (let time = 0; time < cases; time += 1) {
    const input = spoil(target.seeds, random)
    const why = complaintOf(target, input)
    if (why === null) continue
    failures += 1
    const reason = why.split('\n').slice(0, 3).join('\n')
    if (!examples.has(reason)) examples.set(reason, { input, why })
  }
  return { cases, failures, examples: [...examples.values()] }
}

function run(job: FuzzJob): FuzzResult {
  if (job.name === splitsJob) {
    const { splits, differences } = countSplits(job.cases, randomOf(job.seed))
    return { cases: splits, failures: differences, examples: [] }
  }
  const target = fuzzTargets.find(({ name }) => name === job.name)
  if (!target) throw new RangeError(`There is no target "${job.name}".`)
  return fuzz(target, job)
}

parentPort?.postMessage(run(workerData as FuzzJob))
