/**
 * Before the first call: does a mixture fit into what may still be spent? Where it does not, it is made smaller, the
 * aggregate answers alone, or nobody is asked, as the budget says.
 */
import { type BudgetPolicy, shortageOf } from '../../chat/call-budget.ts'
import type { Spending } from '../../chat/call-context.ts'
import { BudgetError } from '../../chat/errors.ts'
import { describeEstimate, spendingOf } from '../../chat/estimate.ts'
import type { BudgetFit } from '../../chat/explanation.ts'
import { type ExpectedDraft, type Matter, type PanelCost, reckonPanel } from './reckon-panel.ts'

export interface Fit {
  readonly budget: BudgetFit
  /** Who is asked and what that is expected to take; where the budget refuses, what all of them would. */
  readonly cost: PanelCost
}

export interface Allowance {
  readonly left: Spending
  readonly policy: BudgetPolicy
}

/** What the request says, else the mixture; shrinking, where neither does. */
export function policyOf({ mixture, options }: Matter): BudgetPolicy {
  return options.budget?.onBudget ?? mixture.budget?.onBudget ?? 'shrink'
}

/** The largest panel out of `drafts` that is within the allowance. Fewer than two, or than it must have, are no mixture. */
export function fitBudget(matter: Matter, drafts: readonly ExpectedDraft[], { left, policy }: Allowance): Fit {
  const whole = reckonPanel(matter, drafts)
  if (isWithin(whole, left)) return { budget: 'fits', cost: whole }
  const least = Math.max(2, matter.mixture.minWorkers)
  for (const panel of policy === 'shrink' ? smallerPanels(drafts, least) : []) {
    const cost = reckonPanel(matter, panel)
    if (isWithin(cost, left)) return { budget: 'shrink', cost }
  }
  const alone = reckonPanel(matter, [])
  return policy !== 'refuse' && isWithin(alone, left)
    ? { budget: 'bypass', cost: alone }
    : { budget: 'refuse', cost: whole }
}

/** The error of a mixture that the budget refuses. */
export function budgetErrorOf({ mixture }: Matter, { estimate }: PanelCost, left: Spending): BudgetError {
  const shortage = shortageOf(spendingOf(estimate), left) ?? 'more than it has'
  return new BudgetError(
    `The budget has no room for the mixture "${mixture.id}": it needs ${shortage}. ` +
      `The mixture is expected to take ${describeEstimate(estimate)}.`,
  )
}

function isWithin({ estimate }: PanelCost, left: Spending): boolean {
  return shortageOf(spendingOf(estimate), left) === undefined
}

/** Always one worker less, down to `least`: the one of the lowest weight, among equals the last; not one that costs nothing. */
function smallerPanels(drafts: readonly ExpectedDraft[], least: number): (readonly ExpectedDraft[])[] {
  const ranked = drafts.toSorted(
    ({ worker: a, isKept: hasA }, { worker: b, isKept: hasB }) =>
      Number(hasB) - Number(hasA) || b.weight - a.weight || a.position - b.position,
  )
  const counts = Array.from({ length: Math.max(0, drafts.length - least) }, (_, index) => drafts.length - 1 - index)
  return counts.map((count) => {
    const kept = new Set(ranked.slice(0, count))
    return drafts.filter((draft) => kept.has(draft))
  })
}
