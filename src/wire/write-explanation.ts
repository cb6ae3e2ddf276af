/** Explanations as JSON: what `POST /mollmr/v1/explain` and `mollmr route --json` say. */
import type { Estimate, Explanation, MixtureExplanation, RouterExplanation } from '../chat/explanation.ts'

/** Nested as the models are; snake_case, null where something is not known. */
export function writeExplanation(explanation: Explanation): Record<string, unknown> {
  const { kind, id, estimate } = explanation
  return { kind, id, ...detailsOf(explanation), estimate: writeEstimate(estimate) }
}

function detailsOf(explanation: Explanation): Record<string, unknown> {
  switch (explanation.kind) {
    case 'model':
      return { budget: explanation.budget }
    case 'mixture':
      return mixtureDetails(explanation)
    case 'router':
      return routerDetails(explanation)
  }
}

function mixtureDetails({ strategy, quorum, bypass, budget, workers, aggregate }: MixtureExplanation) {
  return {
    strategy,
    quorum,
    bypass,
    budget,
    workers: workers.map(({ label, explanation }) => ({ label, ...writeExplanation(explanation) })),
    aggregate: aggregate.map(writeExplanation),
  }
}

function routerDetails({ source, confidence, wouldAsk, candidates, plan, route }: RouterExplanation) {
  return { source, confidence, would_ask: wouldAsk, candidates, plan, route: writeExplanation(route) }
}

function writeEstimate(estimate: Estimate): Record<string, unknown> {
  const { calls, promptTokens, completionTokens, knownCostUsd, unpriced, least, ms } = estimate
  return {
    calls,
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    cost_usd: unpriced.length === 0 ? knownCostUsd : null,
    known_cost_usd: knownCostUsd,
    unpriced,
    least: { calls: least.calls, total_tokens: least.tokens, known_cost_usd: least.costUsd },
    ms,
  }
}
