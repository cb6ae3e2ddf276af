import { createCallBudget, isLimited, minus } from '../../chat/call-budget.ts'
import { spendingOf } from '../../chat/estimate.ts'
import type { BudgetFit } from '../../chat/explanation.ts'
import { bypassReason } from '../tools/bypass.ts'
import { budgetErrorOf, fitBudget, policyOf } from './fit-budget.ts'
import { keptDraftsOf } from '../drafts/kept-drafts.ts'
import type { MixtureRun } from '../mixture-run.ts'
import { aggregateEstimate, expectDrafts, type Matter, type PanelCost } from './reckon-panel.ts'

export interface AffordableRun {
  readonly run: MixtureRun
  /** Why the aggregate answers alone; null where the workers are asked. */
  readonly bypass: string | null
}

/**
 * As much of the mixture as its budget has room for; what is left out is said on the span. Nothing is reckoned where
 * nothing is limited.
 *
 * @throws BudgetError with the estimate where the budget is to refuse, or has no room for the aggregate alone
 */
export function affordableRun(run: MixtureRun, matterOf: () => Matter): AffordableRun {
  const { mixture, request, context } = run
  const reason = bypassReason(mixture, request.body)
  const { left } = context.budget
  if (!isLimited(left)) return { run, bypass: reason }
  const matter = { ...matterOf(), ...(reason ? {} : { kept: keptDraftsOf(run) }) }
  const drafts = reason ? [] : expectDrafts(matter)
  const { budget, cost } = fitBudget(matter, drafts, { left, policy: policyOf(matter) })
  if (budget === 'refuse') throw budgetErrorOf(matter, cost, left)
  if (budget !== 'fits') {
    const degraded = `${cost.drafts.length}/${run.wantedDrafts}`
    context.span.set({ budget, degraded, degradedBy: 'budget' })
  }
  return { run: withinCost(run, cost, budget), bypass: reason ?? (budget === 'bypass' ? 'budget' : null) }
}

/** The run with the workers that are paid for. What the aggregate will take is not theirs to spend on retries. */
function withinCost(run: MixtureRun, { drafts, aggregate }: PanelCost, fit: BudgetFit): MixtureRun {
  const { budget } = run.context
  const workers = fit === 'fits' ? run.mixture.workers : drafts.map(({ worker }) => worker)
  const { calls, tokens, costUsd } = minus(budget.left, spendingOf(aggregateEstimate(aggregate)))
  return {
    ...run,
    mixture: { ...run.mixture, workers },
    quorum: Math.min(run.quorum, Math.max(1, workers.length)),
    draftBudget: createCallBudget({ maxCalls: calls, maxTokens: tokens, maxCostUsd: costUsd }, budget),
  }
}
