import type { ChatModel } from '../chat/chat-model.ts'
import { type ChatRequest, createChatRequest } from '../chat/chat-request.ts'
import { inTurn } from '../chat/estimate.ts'
import { explainModel } from '../chat/explain-model.ts'
import type { Circumstances, RouterExplanation } from '../chat/explanation.ts'
import { maxChoiceTokens } from './choose-route.ts'
import { trimConversation } from './conversation.ts'
import type { Foresight } from './decide-route.ts'
import type { Route } from './route.ts'

/** A route that no model is asked for. */
export function certain(route: Route): Foresight {
  return { route, isOpen: false, plan: null }
}

interface Found extends Foresight {
  /** Of the router. */
  readonly id: string
  readonly candidates: RouterExplanation['candidates']
  readonly baseModel: ChatModel | undefined
}

/** What was foreseen, and what the route and the choice of it are expected to take. */
export function explainRoute(
  { id, route, isOpen, plan, candidates, baseModel }: Found,
  request: ChatRequest,
  circumstances: Circumstances,
): RouterExplanation {
  const explained = explainModel(route.model, request, circumstances)
  const asked = isOpen ? baseModel : undefined
  const choice = asked ? [explainChoice(asked, request, circumstances).estimate] : []
  return {
    kind: 'router',
    id,
    route: explained,
    source: route.source,
    confidence: route.confidence ?? null,
    wouldAsk: asked?.id ?? null,
    candidates: candidates.map(({ id: candidate, score }) => ({ id: candidate, score })),
    plan,
    estimate: inTurn([...choice, explained.estimate]),
  }
}

/** The question to the base model is what it gets to see of the conversation. */
function explainChoice(
  model: ChatModel,
  { body }: ChatRequest,
  circumstances: Circumstances,
): ReturnType<typeof explainModel> {
  const content = trimConversation(body.messages)
    .map(({ text }) => text)
    .join('\n')
  const messages = [{ role: 'user', content }]
  return explainModel(
    model,
    createChatRequest({ model: model.id, messages, max_tokens: maxChoiceTokens }),
    circumstances,
  )
}
