import { hash } from 'node:crypto'

/** A number that depends on `parts` alone: the same request is always shown its drafts in the same order. */
export function seedOf(parts: readonly string[]): number {
  return hash('sha256', JSON.stringify(parts), 'buffer').readUInt32BE(0)
}

/** The items in an order that depends on `seed` alone: each gets a number of its own and they are sorted by it. */
export function shuffled<T>(items: readonly T[], seed: number): readonly T[] {
  const random = mulberry32(seed)
  const order = items.map((item) => ({ item, rank: random() }))
  return order.sort((a, b) => a.rank - b.rank).map(({ item }) => item)
}

/** Numbers from 0 to 1, evenly spread. */
function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
