import type { LedgerRow } from '../chat/call-context.ts'

/** A row of the ledger: of a call that went well, but for what is given. */
export function ledgerRow(fields: Partial<LedgerRow> = {}): LedgerRow {
  return {
    stage: 'worker',
    step: 1,
    requested: 'a',
    resolved: 'a-1',
    attempt: 1,
    outcome: 'ok',
    status: null,
    usage: { promptTokens: 10, completionTokens: 5, cachedTokens: 2, reasoningTokens: 1 },
    source: 'reported',
    costUsd: 0.5,
    headersMs: 2,
    firstContentMs: 3,
    totalMs: 7,
    bytes: 400,
    ...fields,
  }
}
