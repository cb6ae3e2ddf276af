/**
 * `npm run matrix`: every cell of `docs/faults.md`, with as many seeds as are asked for; `--full` takes 50. `--from FILE`
 * reads a JSON report that a run of the tests has written, with the one seed that they have.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { parseArgs } from 'node:util'
import { type FaultCell, type FaultTest, playingFiles, readFaultCells } from './fault-cells.ts'
import { atMost, type Figure, writeReport } from './write-report.ts'

const { values } = parseArgs({
  options: {
    full: { type: 'boolean', default: false },
    seeds: { type: 'string' },
    from: { type: 'string' },
  },
})
const seeds = Number(values.seeds ?? (values.full ? 50 : 1))
const root = join(import.meta.dirname, '..')
const cells = readFaultCells()

/** As vitest's JSON reporter writes it. */
interface TestReport {
  readonly testResults: readonly {
    readonly name: string
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[]
  }[]
}

interface RunTest {
  readonly file: string
  readonly name: string
  readonly isFailed: boolean
}

/** Skipped ones are none. */
function testsIn({ testResults }: TestReport): readonly RunTest[] {
  return testResults.flatMap(({ name: path, assertionResults }) =>
    assertionResults
      .filter(({ status }) => status === 'passed' || status === 'failed')
      .map(({ fullName, status }) => ({ file: relative(root, path), name: fullName, isFailed: status === 'failed' })),
  )
}

/** A test that draws nothing at random does the same with every seed: it is run with the first. */
function drawsAtRandom(file: string): boolean {
  return /'fast-check'|\/seed\.ts'/.test(readFileSync(join(root, file), 'utf8'))
}

async function runTests(seed: number): Promise<readonly RunTest[]> {
  const folder = mkdtempSync(join(tmpdir(), 'mollmr-matrix-'))
  const output = join(folder, 'tests.json')
  const files = new Set(cells.flatMap(({ tests }) => tests.map(({ file }) => file)))
  const named = [...files, ...playingFiles]
    .filter((file) => file.endsWith('.test.ts'))
    .filter((file) => seed === 1 || drawsAtRandom(file))
  const words = ['vitest', 'run', '--reporter=json', `--outputFile=${output}`, ...named]
  const child = spawn('npx', words, { cwd: root, stdio: 'ignore', env: { ...process.env, MOLLMR_SEED: String(seed) } })
  await once(child, 'exit')
  const tests = testsIn(JSON.parse(readFileSync(output, 'utf8')) as TestReport)
  rmSync(folder, { recursive: true, force: true })
  return tests
}

/** As many at a time as the machine has cores: they wait for much of their time. */
async function runSeeds(): Promise<readonly RunTest[]> {
  const left = Array.from({ length: seeds }, (_, index) => index + 1).values()
  const tests: RunTest[] = []
  const lane = async (): Promise<void> => {
    for (const seed of left) {
      const own = await runTests(seed)
      const failed = own.filter(({ isFailed }) => isFailed).map(({ file, name }) => `${file}: ${name}`)
      console.log([`seed ${seed}: ${own.length} tests, ${failed.length} failed`, ...failed].join('\n'))
      tests.push(...own)
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, lane))
  return tests
}

/** A title with places for values is known by what stands before the first of them. */
function isNamed({ file, name }: RunTest, test: FaultTest): boolean {
  return file === test.file && (test.title === null || name.includes(test.title.split(/%[a-z]/)[0] ?? ''))
}

function belongsTo(run: RunTest, { tests, played }: FaultCell): boolean {
  if (tests.some((test) => isNamed(run, test))) return true
  return playingFiles.includes(run.file) && played.some((fault) => ` ${run.name} `.includes(` ${fault} `))
}

function figureOf(cell: FaultCell, runs: readonly RunTest[]): Figure {
  const own = runs.filter((run) => belongsTo(run, cell))
  const figure = atMost(`${cell.id}: failures in ${own.length} tests`, own.filter(({ isFailed }) => isFailed).length, 0)
  // What is only fuzzed or measured has its own report.
  const isTested = cell.tests.some(({ file }) => file.endsWith('.test.ts')) || cell.played.length > 0
  return isTested && own.length === 0 ? { ...figure, holds: false } : figure
}

const startedMs = performance.now()
const runs: RunTest[] = []
if (values.from !== undefined) runs.push(...testsIn(JSON.parse(readFileSync(values.from, 'utf8')) as TestReport))
else runs.push(...(await runSeeds()))
writeReport(
  'matrix',
  cells.map((cell) => figureOf(cell, runs)),
  {
    seeds: values.from === undefined ? seeds : 1,
    tests: runs.length,
    failed: [...new Set(runs.filter(({ isFailed }) => isFailed).map(({ file, name }) => `${file}: ${name}`))],
    seconds: Math.round((performance.now() - startedMs) / 1000),
  },
)
