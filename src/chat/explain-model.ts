import { createCallBudget, shortageOf } from './call-budget.ts'
import type { ChatModel } from './chat-model.ts'
import type { ChatRequest } from './chat-request.ts'
import { estimateCall, spendingOf } from './estimate.ts'
import type { TokenEstimator } from './estimate-messages.ts'
import type { Circumstances, Explanation, ModelExplanation } from './explanation.ts'

type Reckoning = Circumstances & { readonly estimateTokens: TokenEstimator }

/** What `model` would do; of a model that cannot say, that it is one call. */
export function explainModel(model: ChatModel, request: ChatRequest, reckoning: Reckoning): Explanation {
  const { clock, addedTokens } = reckoning
  return model.explain?.(request, { clock, addedTokens }) ?? explainCall(model, request, reckoning)
}

/** One call to a single model, how long it takes left open. */
export function explainCall(
  { id, card }: ChatModel,
  { body, options }: ChatRequest,
  { addedTokens, estimateTokens }: Omit<Reckoning, 'clock'>,
): ModelExplanation {
  const estimate = estimateCall({ id, card, body, addedTokens, estimateTokens })
  const { left } = createCallBudget(options.budget ?? {})
  const budget = shortageOf(spendingOf(estimate), left) === undefined ? 'fits' : 'refuse'
  return { kind: 'model', id, budget, estimate }
}
