/** Writes what the clients of a whole run can do into docs/clients.md, between the marks that say so. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Reporter, TestCase, TestModule, Vitest } from 'vitest/node'
import { clientsFolder } from '../../../scripts/client-folders.ts'
import { type ClientCell, type Target } from './describe-client.ts'

const page = join(clientsFolder, '../../docs/clients.md')

export class PageReporter implements Reporter {
  #vitest: Vitest | undefined

  onInit(vitest: Vitest): void {
    this.#vitest = vitest
  }

  async onTestRunEnd(modules: readonly TestModule[]): Promise<void> {
    if (!(await this.#isWhole(modules))) return
    const tests = modules.flatMap((module) => [...module.children.allTests()])
    const before = readFileSync(page, 'utf8')
    const [start, end] = marks
    const after = before.replace(new RegExp(`(?<=${start}\n)[^]*(?=${end})`), `\n${tablesOf(tests)}\n`)
    if (after !== before) console.log('docs/clients.md has changed.')
    writeFileSync(page, after)
  }

  /** A run of some files or some tests says nothing of the others. */
  async #isWhole(modules: readonly TestModule[]): Promise<boolean> {
    const all = (await this.#vitest?.globTestSpecifications()) ?? []
    return modules.length === all.length && this.#vitest?.config.testNamePattern === undefined
  }
}

export { PageReporter as default }

const marks = ['<!-- written by npm run test:clients -->', '<!-- end of what it writes -->'] as const

function tablesOf(tests: readonly TestCase[]): string {
  const cells = tests.flatMap((test) => {
    const cell = test.meta().client
    return cell ? [{ ...cell, says: outcomeOf(test, cell) }] : []
  })
  const clients = Object.groupBy(cells, ({ client }) => client)
  const names = Object.keys(clients).sort()
  return names.map((name) => `### ${withVersions(name)}\n\n${tableOf(clients[name] ?? [])}`).join('\n\n')
}

type OutcomeCell = ClientCell & { readonly says: string }

function tableOf(cells: readonly OutcomeCell[]): string {
  const features = Map.groupBy(cells, ({ feature }) => feature)
  const cellOf = (row: readonly OutcomeCell[], target: Target): string =>
    row.find((cell) => cell.target === target)?.says ?? '–'
  const rows = [...features].map(
    ([feature, row]) =>
      `| ${feature} | ${cellOf(row, 'bypass')} | ${cellOf(row, 'mixture')} | ${cellOf(row, 'router')} |`,
  )
  return ['| | single model | mixture | router |', '|---|---|---|---|', ...rows].join('\n')
}

/** A refusal that was tested is the reason that the table gives. */
function outcomeOf(test: TestCase, { reason }: ClientCell): string {
  const { state } = test.result()
  if (state === 'passed') return reason === undefined ? 'pass' : `no: ${reason}`
  return state === 'skipped' ? `not run: ${reason ?? 'skipped'}` : '**fails**'
}

/** Every package in the name with its version behind it, as it is pinned. */
function withVersions(client: string): string {
  const versions = client.includes(' (Python)') ? pythonVersions : nodeVersions
  return client.replaceAll(/[@\w/-]+/g, (name) => (versions[name] === undefined ? name : `${name} ${versions[name]}`))
}

const nodeVersions = (
  JSON.parse(readFileSync(join(clientsFolder, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string | undefined>
  }
).dependencies

const pythonVersions = Object.fromEntries(
  readFileSync(join(clientsFolder, 'requirements.txt'), 'utf8')
    .split('\n')
    .map((line) => line.split('==')),
) as Record<string, string | undefined>
