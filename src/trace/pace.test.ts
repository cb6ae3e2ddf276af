import { describe, expect, it } from 'vitest'
import type { LedgerRow } from '../chat/call-context.ts'
import { ledgerRow } from '../testing/ledger-row.ts'
import { Pace } from './pace.ts'

function row(fields: Partial<LedgerRow> & { readonly tokens?: number }): LedgerRow {
  const { tokens = 100, ...rest } = fields
  const usage = { promptTokens: 1, completionTokens: tokens, cachedTokens: 0, reasoningTokens: 0 }
  return ledgerRow({ usage, firstContentMs: 200, totalMs: 1200, ...rest })
}

describe('Pace', () => {
  it('is not known before the first call', () => {
    expect(new Pace().expectedMs(10)).toBeNull()
  })

  it('is the wait for the first content, and the time of each token after it', () => {
    const pace = new Pace()
    pace.add(row({}))
    expect(pace.expectedMs(0)).toBe(200)
    expect(pace.expectedMs(50)).toBe(700)
  })

  it('follows the latest calls without forgetting those before', () => {
    const pace = new Pace()
    pace.add(row({ firstContentMs: 200, totalMs: 200 }))
    pace.add(row({ firstContentMs: 1200, totalMs: 1200 }))
    expect(pace.expectedMs(0)).toBe(500)
    for (let call = 0; call < 50; call += 1) pace.add(row({ firstContentMs: 1200, totalMs: 1200 }))
    expect(pace.expectedMs(0)).toBe(1200)
  })

  it.each<Partial<LedgerRow> & { readonly tokens?: number }>([
    { outcome: 'client_closed' },
    { usage: null },
    { firstContentMs: null },
    { tokens: 0 },
  ])('learns nothing from a call that tells nothing: %j', (fields) => {
    const pace = new Pace()
    pace.add(row(fields))
    expect(pace.expectedMs(1)).toBeNull()
  })
})
