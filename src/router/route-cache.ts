/** Remembers what was chosen for a conversation, and lets requests that come together share one choice. */
import { createHash } from 'node:crypto'
import { orAborted } from '../chat/or-aborted.ts'
import type { Turn } from './conversation.ts'
import { RecentMap } from './recent-map.ts'
import type { Route } from './route.ts'

/** A route, and whether it is worth remembering. */
export interface Decision extends Route {
  /** False for a makeshift: a rung below the base model, because that could not be asked. */
  readonly isLasting: boolean
}

/** Everything that a choice depends on. */
export interface CacheKeyParts {
  /** The name of the caller's key: nobody is served what was chosen for another. */
  readonly caller: string | undefined
  readonly version: string
  readonly options: readonly { readonly id: string; readonly description: string }[]
  /** The ids that a plan could draw on. */
  readonly pool: readonly string[]
  readonly tools: boolean
  readonly turns: readonly Turn[]
}

/** The SHA-256 of all parts. */
export function cacheKeyOf({ caller, version, options, pool, tools, turns }: CacheKeyParts): string {
  const parts = [
    caller,
    version,
    options.map(({ id, description }) => [id, description]),
    pool,
    tools,
    turns.map(({ role, text }) => [role, text]),
  ]
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url')
}

const capacity = 5000

/** Lasting decisions by key, the ones used last. */
export class RouteCache {
  readonly #decisions = new RecentMap<Decision>(capacity)
  readonly #flights = new Map<string, Promise<Decision | undefined>>()

  /**
   * The remembered decision, or the one that is being made for the same key right now, or what `decide` finds. Where
   * the request that decides is aborted, the next one that waits decides for itself.
   */
  async share(key: string, signal: AbortSignal, decide: () => Promise<Decision>): Promise<Decision> {
    for (;;) {
      const flight = this.#flights.get(key)
      const known = this.#decisions.get(key) ?? (flight && (await orAborted(flight, signal)))
      if (known) return { ...known, source: 'cache' }
      if (!this.#flights.has(key)) return this.#lead(key, decide)
    }
  }

  /** The remembered decision, while it stays as it is. */
  foresee(key: string): Decision | undefined {
    const known = this.#decisions.peek(key)
    return known && { ...known, source: 'cache' }
  }

  async #lead(key: string, decide: () => Promise<Decision>): Promise<Decision> {
    const deciding = decide()
    this.#flights.set(
      key,
      deciding.catch(() => undefined),
    )
    try {
      const decision = await deciding
      if (decision.isLasting) this.#decisions.set(key, decision)
      return decision
    } finally {
      this.#flights.delete(key)
    }
  }
}
