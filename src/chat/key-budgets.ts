/** What may be spent with a key in a day, whatever it asks and however much of it at the same time. */
import { type BudgetLimits, createCallBudget } from './call-budget.ts'
import type { CallBudget } from './call-context.ts'
import type { Clock } from './clock.ts'

/** Whoever keeps count of what keys spend. */
export interface KeyBudgets {
  /** What is left of today for the key with this name. A request keeps the day that it began on. */
  budgetOf(key: string, limits: BudgetLimits): CallBudget
}

/** The day in UTC: `2026-11-28`. */
export function dayOf(clock: Clock): string {
  return new Date(clock.wallTime()).toISOString().slice(0, 10)
}

/** Keeps count in this process alone, until it ends. */
export class MemoryKeyBudgets implements KeyBudgets {
  readonly #clock: Clock
  readonly #budgets = new Map<string, CallBudget>()
  #day = ''

  constructor(clock: Clock) {
    this.#clock = clock
  }

  budgetOf(key: string, limits: BudgetLimits): CallBudget {
    const day = dayOf(this.#clock)
    if (day !== this.#day) this.#budgets.clear()
    this.#day = day
    // Other limits after a change of the config begin anew: what was spent is not known here beside its limit.
    const name = JSON.stringify([key, limits])
    const budget = this.#budgets.get(name) ?? createCallBudget(limits)
    this.#budgets.set(name, budget)
    return budget
  }
}
