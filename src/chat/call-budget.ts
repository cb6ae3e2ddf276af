/** What a request may spend. Whatever is about to be spent is set aside first, so that calls at the same time cannot overshoot. */
import type { CallBudget, LedgerRow, Spending } from './call-context.ts'
import { BudgetError } from './errors.ts'

/** What is done where a mixture would take more than its budget: fewer workers, the aggregate alone, or an error. */
export const budgetPolicies = ['shrink', 'bypass', 'refuse'] as const
export type BudgetPolicy = (typeof budgetPolicies)[number]

/** What is left out has no limit. */
export interface BudgetLimits {
  /** Calls to upstreams, retries included. */
  readonly maxCalls?: number
  /** Of all prompts and answers together. */
  readonly maxTokens?: number
  /** A call whose price is unknown counts as a call and its tokens, not as cost. */
  readonly maxCostUsd?: number
  readonly onBudget?: BudgetPolicy
}

/** True where there is anything to keep to. */
function hasLimits({ maxCalls, maxTokens, maxCostUsd }: BudgetLimits): boolean {
  return maxCalls !== undefined || maxTokens !== undefined || maxCostUsd !== undefined
}

/** True where less than everything may be spent. */
export function isLimited(left: Spending): boolean {
  return Object.values(left).some((most) => most !== Infinity)
}

/** As a spending: what is left out is `Infinity`. */
export function spendingWithin({
  maxCalls = Infinity,
  maxTokens = Infinity,
  maxCostUsd = Infinity,
}: BudgetLimits): Spending {
  return { calls: maxCalls, tokens: maxTokens, costUsd: maxCostUsd }
}

/** Counts what is spent against `limits`, and against `parent`'s. */
export function createCallBudget(limits: BudgetLimits, parent?: CallBudget): CallBudget {
  if (!hasLimits(limits) && parent) return parent
  return new Purse(spendingWithin(limits), parent)
}

class Purse implements CallBudget {
  readonly #limit: Spending
  readonly #parent: CallBudget | undefined
  readonly #isOpen: boolean
  /** What was spent and what is set aside. */
  #taken: Spending = { calls: 0, tokens: 0, costUsd: 0 }

  constructor(limit: Spending, parent: CallBudget | undefined) {
    this.#limit = limit
    this.#parent = parent
    this.#isOpen = !isLimited(limit)
  }

  get left(): Spending {
    const own = minus(this.#limit, this.#taken)
    const above = this.#parent?.left ?? own
    return {
      calls: Math.min(own.calls, above.calls),
      tokens: Math.min(own.tokens, above.tokens),
      costUsd: Math.min(own.costUsd, above.costUsd),
    }
  }

  reserve(expected: () => Spending): (row: LedgerRow) => void {
    if (this.#isOpen) return this.#parent?.reserve(expected) ?? (() => undefined)
    const aside = expected()
    this.#requireRoom(aside)
    const settleAbove = this.#parent?.reserve(() => aside)
    this.#taken = plus(this.#taken, aside)
    return (row) => {
      this.#taken = plus(minus(this.#taken, aside), spendingOf(row))
      settleAbove?.(row)
    }
  }

  #requireRoom(aside: Spending): void {
    requireRoom('The budget', aside, minus(this.#limit, this.#taken))
  }
}

/** @throws BudgetError that names whose budget it is, where less than `wanted` is left */
export function requireRoom(whose: string, wanted: Spending, left: Spending): void {
  const short = shortageOf(wanted, left)
  if (short) throw new BudgetError(`${whose} has no room for another call: it needs ${short}.`)
}

/**
 * What is missing for `wanted`, in words: `0.05 USD and has 0.01 USD left; raise budget.max_cost_usd`. Undefined where
 * nothing is.
 */
export function shortageOf(wanted: Spending, left: Spending): string | undefined {
  const over = (['calls', 'tokens', 'costUsd'] as const).find((unit) => wanted[unit] > left[unit])
  if (!over) return undefined
  const { key, write } = units[over]
  return `${write(wanted[over])} and has ${write(Math.max(0, left[over]))} left; raise budget.${key}`
}

const units = {
  calls: { key: 'max_calls', write: (count: number) => (count === 1 ? '1 call' : `${count} calls`) },
  tokens: { key: 'max_tokens', write: (count: number) => `${count} tokens` },
  costUsd: { key: 'max_cost_usd', write: (usd: number) => `${Number(usd.toPrecision(3))} USD` },
} as const

/** What a call took. One without usage has brought nothing that could be counted; one without a price costs nobody knows what. */
export function spendingOf({ usage, costUsd }: LedgerRow): Spending {
  return { calls: 1, tokens: usage ? usage.promptTokens + usage.completionTokens : 0, costUsd: costUsd ?? 0 }
}

export function plus(a: Spending, b: Spending): Spending {
  return { calls: a.calls + b.calls, tokens: a.tokens + b.tokens, costUsd: a.costUsd + b.costUsd }
}

/** What is left of `a` without `b`. */
export function minus(a: Spending, b: Spending): Spending {
  return { calls: a.calls - b.calls, tokens: a.tokens - b.tokens, costUsd: a.costUsd - b.costUsd }
}
