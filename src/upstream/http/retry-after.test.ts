import { expect, it } from 'vitest'
import { parseRetryAfter } from './retry-after.ts'

const nowMs = Date.UTC(2026, 10, 28, 12)
const dayMs = 24 * 60 * 60 * 1000

it.each([
  [{ 'retry-after': '2' }, 2000],
  [{ 'retry-after': '0.5' }, 500],
  [{ 'retry-after': '0' }, 0],
  [{ 'retry-after-ms': '120' }, 120],
  [{ 'retry-after-ms': '120.5', 'retry-after': '7' }, 120.5],
  [{ 'retry-after': 'Sat, 28 Nov 2026 12:00:30 GMT' }, 30_000],
  [{ 'retry-after': 'Saturday, 28-Nov-26 12:00:30 GMT' }, 30_000],
  [{ 'retry-after': '2026-11-28T12:00:30Z' }, 30_000],
  [{ 'retry-after': 'Sat, 28 Nov 2026 11:00:00 GMT' }, 0],
  [{ 'retry-after': 'Fri, 01 Jan 2100 00:00:00 GMT' }, dayMs],
  [{ 'retry-after': '999999999999999999999999' }, dayMs],
  [{ 'retry-after': '9'.repeat(400) }, dayMs],
])('%j is %i ms', (headers, expected) => {
  expect(parseRetryAfter(headers, nowMs)).toBe(expected)
})

it.each(['Infinity', '-Infinity', '-1', 'NaN', '', ' ', '0x10', '1e400', 'soon', 'in 5 minutes', 'May 5', '{"a":1}'])(
  'a time of %j is none',
  (value) => {
    expect(parseRetryAfter({ 'retry-after': value }, nowMs)).toBeUndefined()
    expect(parseRetryAfter({ 'retry-after-ms': value }, nowMs)).toBeUndefined()
    expect(parseRetryAfter({ 'retry-after-ms': value, 'retry-after': '3' }, nowMs)).toBe(3000)
  },
)

it('a time that is said twice is none', () => {
  expect(parseRetryAfter({ 'retry-after': ['1', '2'] }, nowMs)).toBeUndefined()
})
