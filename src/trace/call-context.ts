import type { CallBudget, CallContext, LedgerRow } from '../chat/call-context.ts'
import { type Clock, systemClock } from '../chat/clock.ts'
import { createDeadline, type DeadlineLimits } from '../chat/deadline.ts'
import { BudgetError } from '../chat/errors.ts'
import { createTrace, type Trace } from './trace.ts'

export interface CallContextOptions {
  readonly trace?: Trace
  readonly signal?: AbortSignal
  readonly limits?: DeadlineLimits
  readonly budget?: BudgetLimits
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
    budget: createCallBudget(options.budget ?? {}),
    clock,
  }
}

/** What is left out has no limit. */
export interface BudgetLimits {
  /** Calls to upstreams, retries included. */
  readonly maxCalls?: number
  readonly maxCostUsd?: number
}

/** Counts calls and cost against `limits`, and against `parent`'s. A call of unknown cost counts as a call only. */
export function createCallBudget(limits: BudgetLimits, parent?: CallBudget): CallBudget {
  const maxCalls = limits.maxCalls ?? Infinity
  const maxCostUsd = limits.maxCostUsd ?? Infinity
  let calls = 0
  let costUsd = 0
  return {
    takeCall(): void {
      if (calls >= maxCalls)
        throw new BudgetError(`The budget of ${maxCalls} calls is used up; raise budget.max_calls.`)
      if (costUsd >= maxCostUsd) {
        throw new BudgetError(`The budget of ${maxCostUsd} USD is used up; raise budget.max_cost_usd.`)
      }
      parent?.takeCall()
      calls += 1
    },
    settle(row: LedgerRow): void {
      costUsd += row.costUsd ?? 0
      parent?.settle(row)
    },
  }
}
