import { type Finding, findingOf } from './finding.ts'
import type { UpstreamReport } from './examine-upstream.ts'

const farMs = 5 * 60_000

/** The version of Node, and the clock, where any upstream has told the time. */
export function examineMachine(node: string, upstreams: readonly UpstreamReport[]): readonly Finding[] {
  return [findingOf('ok', `Node ${node}`), ...examineClock(upstreams)]
}

/** Of several upstreams the one that agrees most counts: their clocks may be wrong, too. */
function examineClock(upstreams: readonly UpstreamReport[]): readonly Finding[] {
  const told = upstreams.flatMap(({ id, clockAheadMs }) => (clockAheadMs === null ? [] : [{ id, clockAheadMs }]))
  const [nearest] = told.toSorted((a, b) => Math.abs(a.clockAheadMs) - Math.abs(b.clockAheadMs))
  if (!nearest) return []
  const { id, clockAheadMs } = nearest
  if (Math.abs(clockAheadMs) <= farMs) return [findingOf('ok', `the clock agrees with that of ${id}`)]
  const minutes = Math.round(Math.abs(clockAheadMs) / 60_000)
  const how = clockAheadMs > 0 ? 'behind' : 'before'
  const todo = 'Set the clock: certificates and signed requests depend on it.'
  return [findingOf('warning', `the clock is ${minutes} minutes ${how} that of ${id}`, todo)]
}
