/**
 * What has been paid for outlives the request that paid: finished drafts are kept for a while and running calls can be
 * joined, so that a request that is sent again does not pay twice. One for all mixtures, bounded, gone with the process.
 */
import type { DraftContent } from './draft.ts'
import type { SharedCall } from './shared-call.ts'

export interface StageCacheLimits {
  readonly maxEntries: number
  /** Of the texts of the drafts, in memory. */
  readonly maxBytes: number
}

/** A draft and the label of the worker that wrote it. */
export interface KeptDraft extends DraftContent {
  readonly worker: string
}

/**
 * A call that runs, let go of when it has ended: a `Map` that is always added to and deleted from leaves outgrown tables
 * behind, and V8 keeps what stands in them until its next full collection.
 */
interface RunningCall {
  call: SharedCall | undefined
}

interface Entry {
  readonly drafts: readonly KeptDraft[]
  readonly bytes: number
  readonly endsAtMs: number
}

const defaultLimits: StageCacheLimits = { maxEntries: 2000, maxBytes: 16 * 1024 * 1024 }

/** Times are milliseconds on the clock of the calls. */
export class StageCache {
  readonly #limits: StageCacheLimits
  /** Whatever was used last stands last. */
  readonly #entries = new Map<string, Entry>()
  readonly #calls = new Map<string, RunningCall>()
  #bytes = 0

  constructor(limits: StageCacheLimits = defaultLimits) {
    this.#limits = limits
  }

  /** The drafts kept under `key`; null where there are none, or none any more. */
  recall(key: string, nowMs: number): readonly KeptDraft[] | null {
    const entry = this.#entries.get(key)
    if (!entry) return null
    this.#drop(key, entry)
    if (entry.endsAtMs <= nowMs) return null
    this.#put(key, entry)
    return entry.drafts
  }

  keep(
    key: string,
    drafts: readonly KeptDraft[],
    { nowMs, forMs }: { readonly nowMs: number; readonly forMs: number },
  ): void {
    const before = this.#entries.get(key)
    if (before) this.#drop(key, before)
    this.#put(key, { drafts, bytes: bytesOf(drafts), endsAtMs: nowMs + forMs })
    for (const [oldest, entry] of this.#entries) {
      const isTooMuch = this.#entries.size > this.#limits.maxEntries || this.#bytes > this.#limits.maxBytes
      if (!isTooMuch && entry.endsAtMs > nowMs) break
      this.#drop(oldest, entry)
    }
  }

  /** The call that runs for `key`. */
  running(key: string): SharedCall | undefined {
    return this.#calls.get(key)?.call
  }

  /** Lets others join `call` until it has ended. */
  share(key: string, call: SharedCall): void {
    const running: RunningCall = { call }
    this.#calls.set(key, running)
    call.whenEnded(() => {
      running.call = undefined
      if (this.#calls.get(key) === running) this.#calls.delete(key)
    })
  }

  #put(key: string, entry: Entry): void {
    this.#entries.set(key, entry)
    this.#bytes += entry.bytes
  }

  #drop(key: string, entry: Entry): void {
    this.#entries.delete(key)
    this.#bytes -= entry.bytes
  }
}

/** A string takes two bytes per unit at most; what stands around it is small. */
function bytesOf(drafts: readonly KeptDraft[]): number {
  const sizes = drafts.flatMap(({ text, toolCalls }) => [
    text.bytes,
    ...toolCalls.map(({ function: call }) => 2 * (call?.arguments.length ?? 0)),
  ])
  return sizes.reduce((sum, bytes) => sum + bytes + 500, 0)
}
