import type { Total } from './run.ts'

/** `0.4 s`, `12.3 s`, `2 min 5 s`. */
export function formatMs(ms: number): string {
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`
  return `${Math.floor(ms / 60_000)} min ${Math.floor((ms % 60_000) / 1000)} s`
}

/** Dollars; null where a price is not known. */
export function formatCost(costUsd: number | null): string {
  if (costUsd === null) return 'price not known'
  if (costUsd === 0) return '$0'
  return costUsd < 0.01 ? `$${costUsd.toPrecision(2)}` : `$${costUsd.toFixed(2)}`
}

/** `2,422 tokens`, and whether that is a guess. */
export function formatTokens({ total_tokens: tokens, source }: Total): string {
  const count = `${tokens.toLocaleString('en')} tokens`
  return source === 'reported' ? count : `${count} (${source === 'estimated' ? 'estimated' : 'some are missing'})`
}

export function formatCalls(calls: number): string {
  return calls === 1 ? '1 call' : `${calls} calls`
}

/** `812 B`, `12.3 kB`. */
export function formatBytes(bytes: number): string {
  return bytes < 1000 ? `${bytes} B` : `${(bytes / 1000).toFixed(1)} kB`
}

const ordinals = new Intl.PluralRules('en', { type: 'ordinal' })
const suffixes: Readonly<Partial<Record<Intl.LDMLPluralRule, string>>> = { one: 'st', two: 'nd', few: 'rd' }

/** `2nd attempt`. */
export function formatAttempt(attempt: number): string {
  return `${attempt}${suffixes[ordinals.select(attempt)] ?? 'th'} attempt`
}
