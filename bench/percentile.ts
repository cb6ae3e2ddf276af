/**
 * The smallest value that at least `share` (0 to 1) of all values do not exceed.
 *
 * @throws RangeError for no values at all
 */
export function percentileOf(values: readonly number[], share: number): number {
  const ascending = values.toSorted((a, b) => a - b)
  const value = ascending[Math.max(0, Math.ceil(ascending.length * share) - 1)]
  if (value === undefined) throw new RangeError('No values have no percentile.')
  return value
}
