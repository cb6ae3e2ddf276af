import { expect, it } from 'vitest'
import { describeReport } from './describe-report.ts'
import { findingOf } from './finding.ts'
import { unasked } from './probe-models.ts'
import type { Report } from './report.ts'

const style = { bold: String, dim: String, red: String, green: String, yellow: String }

it('puts what was found into groups, with what to do, and lets no server write to the terminal', () => {
  const refused = {
    ...findingOf('failed', 'Refused:\n\u001b[31mred\u202e', 'Do this.'),
    code: 'upstream_error' as const,
  }
  const well = unasked(findingOf('ok', 'streams'))
  const skipped = unasked(findingOf('skipped', 'not asked'))
  const report: Report = {
    config: [findingOf('ok', 'c.yaml')],
    port: findingOf('warning', 'busy'),
    upstreams: [
      {
        ...{ id: 'up', kind: 'openai', url: 'http://up/v1', names: [], isReachable: true, clockAheadMs: null },
        finding: findingOf('ok', 'lists 0 models'),
      },
    ],
    models: [
      { id: 'good', upstream: 'up', checks: { answer: well, tools: unasked(findingOf('no', 'no tools')), json: well } },
      { id: 'bad', upstream: 'up', checks: { answer: unasked(refused), tools: skipped, json: skipped } },
    ],
    expected: null,
    consequences: [],
    machine: [findingOf('ok', 'Node 24')],
  }
  expect(describeReport(report, style)).toBe(`config
  ✓ c.yaml

port
  ! busy

upstreams
  ✓ up    http://up/v1: lists 0 models

models
  ✓ good  streams; streams
  – good  no tools
  ✗ bad   Refused: [31mred  upstream_error
    -> Do this.

this machine
  ✓ Node 24

1 thing failed.`)
})
