import { createCallBudget } from '../chat/call-budget.ts'
import type { MixtureExplanation } from '../chat/explanation.ts'
import { bypassReason } from './tools/bypass.ts'
import { fitBudget, policyOf } from './budget/fit-budget.ts'
import { expectDrafts, type Matter } from './budget/reckon-panel.ts'

/** What a mixture would do with a request, out of a budget that nothing has been spent of yet. */
export function explainMixture(matter: Matter, strategy: string): MixtureExplanation {
  const { mixture, request, quorum, options } = matter
  const { left } = createCallBudget(mixture.budget ?? {}, createCallBudget(options.budget ?? {}))
  const reason = bypassReason(mixture, request.body)
  const drafts = reason ? [] : expectDrafts(matter)
  const { budget, cost } = fitBudget(matter, drafts, { left, policy: policyOf(matter) })
  return {
    kind: 'mixture',
    id: mixture.id,
    strategy,
    workers: cost.drafts.map(({ worker, explanation }) => ({ label: worker.label, explanation })),
    aggregate: cost.aggregate,
    quorum: Math.min(quorum, cost.drafts.length),
    bypass: reason ?? (budget === 'bypass' ? 'budget' : null),
    budget,
    estimate: cost.estimate,
  }
}
