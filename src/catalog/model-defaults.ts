import { type ChatModel, wrapModel } from '../chat/chat-model.ts'
import { type ChatRequest, withBody } from '../chat/chat-request.ts'
import type { Clock } from '../chat/clock.ts'
import type { ModelConfig } from '../config/config.ts'
import { applySystemPrompt, parseSystemPrompt, type SystemPrompt } from '../prompt/system-prompt.ts'

/** Slots of a system prompt that belongs to a single model. */
const modelSystemPromptSlots = { 'model.id': 'optional', today: 'optional' } as const

/**
 * Gives a model the params and the system prompt of its config. A model with neither is returned as it is, so that a
 * bypass to it sends the client's own bytes.
 *
 * @throws ConfigError where the system prompt is not a template that can be filled
 */
export function withModelDefaults(model: ChatModel, { params, systemPrompt }: ModelConfig): ChatModel {
  const prompt = systemPrompt && parseSystemPrompt(systemPrompt, modelSystemPromptSlots)
  if (!prompt && Object.keys(params).length === 0) return model
  const fill = (request: ChatRequest, clock: Clock): ChatRequest => {
    const filled = withParams(request, params)
    return prompt ? withSystemPrompt(filled, prompt, { modelId: model.id, clock }) : filled
  }
  const { explain } = model
  const { speaks: _speaks, ...card } = model.card
  return {
    ...wrapModel({ ...model, card }, (request, context) => model.chat(fill(request, context.clock), context)),
    ...(explain ? { explain: (request, now) => explain(fill(request, now.clock), now) } : {}),
  }
}

/** What the client has set itself wins. */
function withParams(request: ChatRequest, params: ModelConfig['params']): ChatRequest {
  const missing = Object.entries(params).filter(([field]) => request.body[field] === undefined)
  return missing.length === 0 ? request : withBody(request, Object.fromEntries(missing))
}

function withSystemPrompt(
  request: ChatRequest,
  prompt: SystemPrompt<typeof modelSystemPromptSlots>,
  { modelId, clock }: { readonly modelId: string; readonly clock: Clock },
): ChatRequest {
  const messages = applySystemPrompt(request.body.messages, prompt, {
    'model.id': modelId,
    today: () => new Date(clock.wallTime()).toISOString().slice(0, 10),
  })
  return withBody(request, { messages })
}
