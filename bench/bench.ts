/**
 * Measures the gateway beside a minimal proxy, a peer and the bare upstream, all in one run on one machine, and writes
 * bench/results/latest.{json,md}. Method and figures: docs/performance.md.
 *
 * Run: `npm run bench -- [--rounds N] [--quick] [--check]`
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { compileTools, findMissingTools } from './compile-tools.ts'
import { pinSelf } from './cores.ts'
import { startLeftUpstream } from './leaving.ts'
import { measurements } from './measurements.ts'
import { findMissedGates, type Report, type RunDescription, writeMarkdown } from './report.ts'
import { runRounds } from './rounds.ts'
import { summarize } from './summarize.ts'
import { createMollmr, createPortkey, createRaw, createUpstream, startTarget } from './targets.ts'

const root = join(import.meta.dirname, '..')

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string' },
    /** Fewer and shorter measurements, for CI. */
    quick: { type: 'boolean', default: false },
    /** Exit code 1 where a goal for time on a core is missed by more than chance. */
    check: { type: 'boolean', default: false },
  },
})

const missingTools = findMissingTools()
if (missingTools.length === 0) await main()
else console.log(`bench skipped, nothing measured: this machine has no ${missingTools.join(' and no ')}`)

async function main(): Promise<void> {
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'inherit' })
  pinSelf()
  const report = await measure(flags.rounds === undefined ? (flags.quick ? 3 : 5) : Number(flags.rounds))
  const page = writeMarkdown(report)
  const results = join(import.meta.dirname, 'results')
  mkdirSync(results, { recursive: true })
  writeFileSync(join(results, 'latest.json'), `${JSON.stringify(report, null, 2)}\n`)
  writeFileSync(join(results, 'latest.md'), page)
  console.log(page)
  const missed = findMissedGates(report.summary)
  for (const miss of missed) console.log(`MISSED ${miss}`)
  if (flags.check && missed.length > 0) process.exitCode = 1
}

async function measure(rounds: number): Promise<Report> {
  const tools = compileTools()
  const upstream = await startTarget(createUpstream(tools))
  const leftUpstream = await startLeftUpstream()
  const missing: { Portkey?: string } = {}
  const targets = [createRaw(upstream.port, tools), createMollmr(upstream.port, leftUpstream.baseUrl)]
  try {
    targets.push(createPortkey(upstream.port))
  } catch (error) {
    missing.Portkey = (error as Error).message
  }
  try {
    const taken = await runRounds({
      rounds,
      upstream,
      targets,
      measurements: measurements.filter((each) => each.isQuick || !flags.quick),
      bench: { load: tools.load, isQuick: flags.quick, leftUpstream },
      onProgress: (text) => {
        console.log(text)
      },
    })
    return { run: { ...describeRun(), missing }, summary: summarize(taken), rounds: taken }
  } finally {
    await leftUpstream.close()
    await upstream.stop()
  }
}

function describeRun(): Omit<RunDescription, 'missing'> {
  const git = (...words: string[]): string => execFileSync('git', words, { cwd: root, encoding: 'utf8' }).trim()
  const isChanged = git('status', '--porcelain', 'src') !== ''
  return {
    date: new Date().toISOString(),
    commit: git('rev-parse', '--short', 'HEAD') + (isChanged ? ' with changes' : ''),
    node: process.version,
    machine: {
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: cpus().length,
      memoryGb: Math.round(totalmem() / 2 ** 30),
      kernel: release(),
    },
    isQuick: flags.quick,
  }
}
