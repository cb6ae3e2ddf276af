import type { ChatModel } from './chat-model.ts'
import type { ChatRequest } from './chat-request.ts'
import { estimateCall } from './estimate.ts'
import type { TokenEstimator } from './estimate-messages.ts'
import type { Circumstances, Explanation } from './explanation.ts'

/** What `model` would do; of a model that cannot say, that it is one call. */
export function explainModel(
  model: ChatModel,
  request: ChatRequest,
  { estimateTokens, ...circumstances }: Circumstances & { readonly estimateTokens: TokenEstimator },
): Explanation {
  if (model.explain) return model.explain(request, circumstances)
  const { addedTokens } = circumstances
  const { id, card } = model
  return { kind: 'model', id, estimate: estimateCall({ id, card, body: request.body, addedTokens, estimateTokens }) }
}
