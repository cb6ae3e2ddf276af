/** `npm run fuzz`: spoilt inputs for everything that reads what others write. What breaks a promise is kept in test/corpus. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { randomOf } from '../src/testing/chaos-upstream.ts'
import { fuzzHttp } from './fuzz-http.ts'
import { type FuzzExample, type FuzzJob, type FuzzResult, splitsJob } from './fuzz-job.ts'
import { fuzzTargets } from './fuzz-targets.ts'
import { atMost, type Figure, writeReport } from './write-report.ts'

const { values } = parseArgs({
  options: {
    full: { type: 'boolean', default: false },
    cases: { type: 'string' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
  },
})
const cases = Number(values.cases ?? (values.full ? 5_000_000 : 50_000))
const seed = Number(values.seed)
const isWanted = (name: string): boolean => values.only === undefined || values.only === name

function keep(target: string, { input, why }: FuzzExample): void {
  const folder = join(import.meta.dirname, '../test/corpus', target)
  mkdirSync(folder, { recursive: true })
  const file = `${createHash('sha256').update(input).digest('hex').slice(0, 16)}.bin`
  writeFileSync(join(folder, file), input)
  console.log(`${target} ${file}: ${why.slice(0, 500)}`)
}

async function runJob(job: FuzzJob): Promise<Figure> {
  const worker = new Worker(new URL('./fuzz-job.ts', import.meta.url), { workerData: job })
  const [result] = (await once(worker, 'message')) as [FuzzResult]
  for (const example of result.examples) keep(job.name, example)
  return told(atMost(`${job.name}: failures in ${result.cases} cases`, result.failures, 0))
}

/** At once: all of them take hours where many cases are asked for. */
function told(figure: Figure): Figure {
  console.log(`${figure.name}: ${figure.value}`)
  return figure
}

/** As many at a time as the machine has cores. */
async function runJobs(jobs: readonly FuzzJob[]): Promise<Figure[]> {
  const figures: Figure[] = []
  const waiting = jobs.entries()
  const lane = async (): Promise<void> => {
    for (const [index, job] of waiting) figures[index] = await runJob(job)
  }
  await Promise.all(Array.from({ length: availableParallelism() }, lane))
  return figures
}

async function fuzzRawHttp(): Promise<Figure> {
  const { failures, cases: times } = await fuzzHttp(cases, randomOf(seed))
  for (const example of failures.slice(0, 20)) keep('http', example)
  return told(atMost(`http: failures in ${times} cases`, failures.length, 0))
}

const startedMs = performance.now()
const splits = { name: splitsJob, cases: values.full ? 5_000_000 : 0, seed }
const jobs = [...fuzzTargets.map(({ name }) => ({ name, cases, seed })), splits].filter(({ name }) => isWanted(name))
const figures = await runJobs(jobs)
// Alone: it has limits of time.
if (isWanted('http')) figures.push(await fuzzRawHttp())
writeReport('fuzz', figures, { cases, seed, seconds: Math.round((performance.now() - startedMs) / 1000) })
