import type { Catalog } from '../catalog/catalog.ts'
import type { Clock } from '../chat/clock.ts'
import type { KeyBudgets } from '../chat/key-budgets.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Trace } from '../trace/trace.ts'
import type { Admission } from './edge/admission.ts'
import type { InFlight } from './edge/in-flight.ts'
import type { TraceShelf } from './answer/trace-shelf.ts'

/** What the routes need beside the request. */
export interface GatewayParts {
  readonly catalog: () => Catalog
  readonly clock: Clock
  readonly inFlight: InFlight
  readonly admission: Admission
  /** True while a changed config cannot be used and the one before stays. */
  readonly isConfigStale: () => boolean
  readonly metrics: Metrics
  readonly keyBudgets: KeyBudgets
  readonly traces: TraceShelf
  /** Hears of a request that is taken on, and of every one that was let in once it has ended. */
  readonly onBegin: (trace: Trace) => void
  readonly onEnd: (trace: Trace) => void
  /** Takes the place of `onEnd` for a request that is answered: its answer ends once it has resolved. Null where none waits. */
  readonly record: ((trace: Trace) => Promise<void>) | null
  readonly onError: (error: unknown, requestId: string) => void
  /** Seconds since 1970. */
  readonly startedAt: number
}
