import type { CallBudget, LedgerRow } from './call-context.ts'
import { BudgetError } from './errors.ts'

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
