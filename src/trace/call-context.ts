import { type BudgetLimits, createCallBudget } from '../chat/call-budget.ts'
import type { CallBudget, CallContext } from '../chat/call-context.ts'
import { type Clock, systemClock } from '../chat/clock.ts'
import { createDeadline, type DeadlineLimits } from '../chat/deadline.ts'
import { createTrace, type Trace } from './trace.ts'

export interface CallContextOptions {
  readonly trace?: Trace
  readonly signal?: AbortSignal
  readonly limits?: DeadlineLimits
  readonly budget?: BudgetLimits
  /** What the request may spend beside its own budget: that of its key. */
  readonly parentBudget?: CallBudget
  readonly clock?: Clock
}

/** The context of a request at its root. Without options: no deadline, no budget, a trace that nobody reads. */
export function createCallContext(options: CallContextOptions = {}): CallContext {
  const clock = options.clock ?? systemClock
  const trace = options.trace ?? createTrace('call', clock)
  return {
    signal: options.signal ?? new AbortController().signal,
    deadline: createDeadline(clock, options.limits ?? {}),
    span: trace.root,
    budget: createCallBudget(options.budget ?? {}, options.parentBudget),
    clock,
    startOver: null,
    meter: null,
  }
}
