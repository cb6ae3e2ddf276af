/** Own wall-clock deadlines: an upstream that sends comments or header bytes for ever must not hold a request. */
import type { Clock } from './clock.ts'

/** Milliseconds; what is left out has no limit. */
export interface DeadlineLimits {
  /** From the start of the call to its first content. */
  readonly firstContentMs?: number
  /** Between one piece of content and the next. */
  readonly idleMs?: number
  /** From the start of the call to its end. */
  readonly totalMs?: number
}

export interface Deadline {
  readonly firstContentMs: number
  readonly idleMs: number
  /** On the context's clock. */
  readonly endsAtMs: number
}

const noDeadline: Deadline = { firstContentMs: Infinity, idleMs: Infinity, endsAtMs: Infinity }

/** A deadline that starts now and never ends after `parent`. */
export function createDeadline(clock: Clock, limits: DeadlineLimits, parent: Deadline = noDeadline): Deadline {
  return {
    firstContentMs: limits.firstContentMs ?? Infinity,
    idleMs: limits.idleMs ?? Infinity,
    endsAtMs: Math.min(parent.endsAtMs, clock.now() + (limits.totalMs ?? Infinity)),
  }
}
