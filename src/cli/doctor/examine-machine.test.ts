import { describe, expect, it } from 'vitest'
import { examineMachine } from './examine-machine.ts'
import type { UpstreamReport } from './examine-upstream.ts'
import { findingOf } from './finding.ts'

const minute = 60_000

function clockFinding(...ahead: readonly (number | null)[]): unknown {
  const upstreams = ahead.map((clockAheadMs, index): UpstreamReport => ({
    ...{ id: `up-${index + 1}`, kind: 'openai', url: null, names: [], isReachable: true },
    finding: findingOf('ok', ''),
    clockAheadMs,
  }))
  const [node, clock, ...more] = examineMachine('24.1.0', upstreams)
  expect([node?.message, more]).toEqual(['Node 24.1.0', []])
  return clock && [clock.mark, clock.message]
}

describe('the clock', () => {
  it('is not spoken of where nobody has told the time', () => {
    expect(clockFinding(null)).toBeUndefined()
  })

  it('is well up to five minutes', () => {
    expect(clockFinding(5 * minute)).toEqual(['ok', 'the clock agrees with that of up-1'])
    expect(clockFinding(-5 * minute)).toEqual(['ok', 'the clock agrees with that of up-1'])
  })

  it('is behind or before', () => {
    expect(clockFinding(12 * minute)).toEqual(['warning', 'the clock is 12 minutes behind that of up-1'])
    expect(clockFinding(-90 * minute)).toEqual(['warning', 'the clock is 90 minutes before that of up-1'])
  })

  it('is believed where one upstream agrees with it', () => {
    expect(clockFinding(60 * minute, 1000, -60 * minute)).toEqual(['ok', 'the clock agrees with that of up-2'])
  })
})
