/** Freezes a value and everything in it, the values of maps included. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  const inner: readonly unknown[] =
    value instanceof Map ? [...(value as Map<unknown, unknown>).values()] : Object.values(value)
  inner.forEach(deepFreeze)
  return Object.freeze(value)
}
