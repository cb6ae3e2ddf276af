/** `npm run fuzz`: spoilt inputs for everything that reads what others write. What breaks a promise is kept in test/corpus. */
import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { randomOf } from '../src/testing/chaos-upstream.ts'
import { fuzzHttp } from './fuzz-http.ts'
import { complaintOf, type FuzzTarget, fuzzTargets } from './fuzz-targets.ts'
import { spoil } from './spoil.ts'
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
const httpShare = 0.1

function keep(name: string, input: Buffer, why: string): void {
  const folder = join(import.meta.dirname, '../test/corpus', name)
  mkdirSync(folder, { recursive: true })
  const file = `${createHash('sha256').update(input).digest('hex').slice(0, 16)}.bin`
  writeFileSync(join(folder, file), input)
  console.log(`${name} ${file}: ${why.slice(0, 500)}`)
}

function fuzz(target: FuzzTarget): Figure {
  const random = randomOf(seed)
  const reasons = new Set<string>()
  let failures = 0
  const times = Math.ceil(cases * target.share)
  for (let time = 0; time < times; time += 1) {
    const input = spoil(target.seeds, random)
    const why = complaintOf(target, input)
    if (why === null) continue
    failures += 1
    const reason = why.split('\n').slice(0, 3).join('\n')
    // One file for each kind of failure.
    if (!reasons.has(reason)) keep(target.name, input, why)
    reasons.add(reason)
  }
  return atMost(`${target.name}: failures in ${times} cases`, failures, 0)
}

async function fuzzRawHttp(): Promise<Figure> {
  const { failures, cases: times } = await fuzzHttp(Math.ceil(cases * httpShare), randomOf(seed))
  for (const { input, why } of failures.slice(0, 20)) keep('http', input, why)
  return atMost(`raw HTTP: failures in ${times} cases`, failures.length, 0)
}

const startedMs = performance.now()
const figures = fuzzTargets.filter(({ name }) => values.only === undefined || values.only === name).map(fuzz)
if (values.only === undefined || values.only === 'http') figures.push(await fuzzRawHttp())
writeReport('fuzz', figures, { cases, seed, seconds: Math.round((performance.now() - startedMs) / 1000) })
