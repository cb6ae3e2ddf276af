/** What a request asks of a model before its words count: kinds of content, tools, room. */
import { type ChatModel, isAwake, type ModelCard, type Modality } from '../chat/chat-model.ts'
import type { ChatMessage, ChatRequest } from '../chat/chat-request.ts'
import { answerTokensOf, promptTokensOf } from '../chat/estimate.ts'
import { offersTools } from '../chat/message-text.ts'

export interface RequestNeeds {
  readonly modalities: ReadonlySet<Modality>
  readonly tools: boolean
  /** Tokens of the prompt and of the answer that is asked for. Estimated when first read. */
  readonly tokens: () => number
}

/** Reads the needs of a request. */
export function needsOf({ body }: ChatRequest): RequestNeeds {
  let tokens: number | undefined
  return {
    modalities: modalitiesOf(body.messages),
    tools: offersTools(body),
    tokens: () => (tokens ??= promptTokensOf(body) + answerTokensOf(body)),
  }
}

/** The kinds of content in a conversation; `text` is always among them. */
export function modalitiesOf(messages: readonly ChatMessage[]): ReadonlySet<Modality> {
  const parts = messages.flatMap(({ content }) => (typeof content === 'string' ? [] : (content ?? [])))
  return new Set(['text', ...parts.map(({ type }) => modalityOfPart[type] ?? 'text')])
}

const modalityOfPart: Readonly<Record<string, Modality | undefined>> = {
  image_url: 'image',
  input_image: 'image',
  input_audio: 'audio',
  file: 'file',
  input_file: 'file',
}

/** True where nothing on a model's card speaks against giving it the request; what is not declared does not. */
export function canServe(card: ModelCard, needs: RequestNeeds): boolean {
  if (needs.tools && !card.tools) return false
  if ([...needs.modalities].some((modality) => !card.modalities.includes(modality))) return false
  return card.contextWindow === undefined || needs.tokens() <= card.contextWindow
}

/** The models that can serve the request; where none can, all of them, so that the chosen one says why not. */
export function ableModels(models: readonly ChatModel[], needs: RequestNeeds): readonly ChatModel[] {
  const able = models.filter(({ card }) => canServe(card, needs))
  return able.length > 0 ? able : models
}

/** Those of the able models that do not rest after failures; where all do, all of them. */
export function fitModels(models: readonly ChatModel[], needs: RequestNeeds, nowMs: number): readonly ChatModel[] {
  const able = ableModels(models, needs)
  const awake = able.filter((model) => isAwake(model, nowMs))
  return awake.length > 0 ? awake : able
}
