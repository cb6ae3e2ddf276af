/** Chance that can be repeated: the same parts always give the same sequence. */
export interface SeededRandom {
  /** From 0 up to, but never, 1. */
  next(): number
  /** One of `options`. @throws RangeError where there is none */
  pick<T>(options: readonly T[]): T
  /** A whole number from `low` to `high`, both included. */
  integer(low: number, high: number): number
}

/** A sequence that depends on every character of `parts`, and on nothing else. */
export function createSeededRandom(parts: readonly (string | number)[]): SeededRandom {
  let state = hashOf(parts.join('\u0000'))
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const integer = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1))
  return {
    next,
    integer,
    pick: (options) => {
      if (options.length === 0) throw new RangeError('There is nothing to pick from.')
      return options[integer(0, options.length - 1)] as (typeof options)[number]
    },
  }
}

/** FNV-1a, 32 bits. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash >>> 0
}
