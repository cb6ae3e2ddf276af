import type { ResponseHead } from './exchange.ts'

/** Who is told more than this asks again after a day; above 24 days the timers of clients overflow and ring at once. */
const longestMs = 24 * 60 * 60 * 1000

/** `retry-after-ms`, else `retry-after` in seconds or as a date. Milliseconds, a day at most; undefined where it says nothing. */
export function parseRetryAfter(headers: ResponseHead['headers'], nowMs = Date.now()): number | undefined {
  const after = headers['retry-after']
  const waitMs = numberIn(headers['retry-after-ms'], 1) ?? numberIn(after, 1000) ?? timeUntil(after, nowMs)
  return waitMs === undefined ? undefined : Math.min(waitMs, longestMs)
}

type Value = ResponseHead['headers'][string]

/** Digits only: `Number` would take an empty text, `Infinity` and `0x10` as well. */
function numberIn(value: Value, unitMs: number): number | undefined {
  return typeof value === 'string' && /^\d+(\.\d+)?$/.test(value) ? Number(value) * unitMs : undefined
}

/** `Date.parse` finds a date in nearly every text with a number. */
function timeUntil(value: Value, nowMs: number): number | undefined {
  if (typeof value !== 'string' || !/^([A-Z][a-z]+day|[A-Z][a-z]{2})\b.*\d\d:\d\d|^\d{4}-\d\d-\d\dT/.test(value))
    return undefined
  const date = Date.parse(value)
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs)
}
