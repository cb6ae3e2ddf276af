import { createCallBudget, shortageOf } from './call-budget.ts'
import type { ChatModel } from './chat-model.ts'
import type { ChatRequest } from './chat-request.ts'
import { estimateCall, spendingOf } from './estimate.ts'
import type { Circumstances, Explanation, ModelExplanation } from './explanation.ts'

/** What `model` would do; of a model that cannot say, that it is one call. */
export function explainModel(model: ChatModel, request: ChatRequest, circumstances: Circumstances): Explanation {
  return model.explain?.(request, circumstances) ?? explainCall(model, request, circumstances)
}

/** One call to a single model, how long it takes left open. */
export function explainCall(
  { id, card }: ChatModel,
  { body, options }: ChatRequest,
  { addedTokens }: Pick<Circumstances, 'addedTokens'>,
): ModelExplanation {
  const estimate = estimateCall({ id, card, body, addedTokens })
  const { left } = createCallBudget(options.budget ?? {})
  const budget = shortageOf(spendingOf(estimate), left) === undefined ? 'fits' : 'refuse'
  return { kind: 'model', id, budget, estimate }
}
