/** Everything that was found, the exit code that it means, and the object that `--json` prints. */
import type { Estimate } from '../../chat/explanation.ts'
import { exitCodes } from '../exit-code.ts'
import type { Consequence } from './consequences.ts'
import type { UpstreamReport } from './examine-upstream.ts'
import type { Finding } from './finding.ts'
import type { Check, ModelReport } from './probe-models.ts'

export interface Report {
  readonly config: readonly Finding[]
  /** Undefined where the config cannot be used, as all that follows is empty then. */
  readonly port?: Finding
  readonly upstreams: readonly UpstreamReport[]
  readonly models: readonly ModelReport[]
  /** What was expected of the calls before they were made; null where none was. */
  readonly expected: Estimate | null
  readonly consequences: readonly Consequence[]
  readonly machine: readonly Finding[]
}

/** As `start` would end on a config that it cannot use; else by whether anything failed. */
export function exitCodeOf(report: Report): number {
  if (report.config.some(({ mark }) => mark === 'failed')) return exitCodes.config
  return failuresIn(report) > 0 ? exitCodes.failure : exitCodes.ok
}

export function failuresIn(report: Report): number {
  return findingsIn(report).filter(({ mark }) => mark === 'failed').length
}

function findingsIn({ config, port, upstreams, models, consequences, machine }: Report): readonly Finding[] {
  return [
    ...config,
    ...(port ? [port] : []),
    ...upstreams.map(({ finding }) => finding),
    ...models.flatMap(({ checks }) => Object.values(checks)),
    ...consequences,
    ...machine,
  ]
}

/** In snake_case, as docs/doctor.md describes it. */
export function writeReport(report: Report): Record<string, unknown> {
  const { config, port, upstreams, models, expected, consequences, machine } = report
  const exitCode = exitCodeOf(report)
  return {
    status: exitCode === exitCodes.ok ? 'ok' : 'failed',
    exit_code: exitCode,
    config,
    port: port ?? null,
    upstreams: upstreams.map(({ id, kind, url, finding, names, clockAheadMs }) => ({
      id,
      kind,
      url,
      ...finding,
      models: names?.length ?? null,
      clock_ahead_ms: clockAheadMs,
    })),
    models: models.map(({ id, upstream, checks: { answer, tools, json } }) => ({
      id,
      upstream,
      answer: writeCheck(answer),
      tools: writeCheck(tools),
      json: writeCheck(json),
    })),
    expected: expected === null ? null : writeExpected(expected),
    consequences: consequences.map(({ id, ...finding }) => ({ id, ...finding })),
    machine,
  }
}

function writeExpected(expected: Estimate): Record<string, unknown> {
  const { calls, promptTokens, completionTokens, knownCostUsd, unpriced } = expected
  const tokens = { prompt_tokens: promptTokens, completion_tokens: completionTokens }
  return { calls, ...tokens, known_cost_usd: knownCostUsd, unpriced }
}

function writeCheck({ mark, message, code, todo, calls, ms, costUsd }: Check): Record<string, unknown> {
  return { mark, message, code, todo, calls, ms, cost_usd: costUsd }
}
