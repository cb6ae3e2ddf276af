/**
 * The one interface. Upstream models, mixtures and routers all implement `ChatModel`, so they nest: a mixture can be
 * a worker, a router can choose a mixture. Retry, deadline and concurrency are functions from a model to a model.
 */
import type { CallContext } from './call-context.ts'
import type { ChatEvent } from './chat-event.ts'
import type { ChatRequest, NativeDialect } from './chat-request.ts'
import type { Circumstances, Explanation } from './explanation.ts'

/**
 * Answers a chat request as a stream of events.
 *
 * The contract (`src/testing/chat-model-contract.ts` runs it against every implementation): exactly one `end` event,
 * last; a failure throws a `MollmrError` and never arrives as text; an abort of `context.signal`, or the consumer's
 * `return()`, ends every call below within 100 ms; the request is never changed; nothing is repeated after the first
 * content has been handed up, unless `context.startOver` was called.
 */
export interface ChatModel {
  /** The id that callers ask for, without the prefix of the gateway. */
  readonly id: string
  readonly card: ModelCard
  chat(request: ChatRequest, context: CallContext): AsyncIterable<ChatEvent>
  /** What `chat` would do, without asking anybody and without remembering that it was asked. */
  readonly explain?: (request: ChatRequest, circumstances: Circumstances) => Explanation
  /** True while calls fail at once, because the model rests after failures; `nowMs` is on the clock of the calls. */
  readonly isResting?: (nowMs: number) => boolean
}

export type ModelKind = 'model' | 'mixture' | 'router'
export type Modality = 'text' | 'image' | 'audio' | 'file'

/** What is known of a model before it is asked: `/v1/models` shows it and the router reads it. */
export interface ModelCard {
  readonly kind: ModelKind
  readonly ownedBy: string
  readonly name?: string
  readonly description?: string
  /** Tokens that fit into prompt and answer together. */
  readonly contextWindow?: number
  readonly modalities: readonly Modality[]
  readonly tools: boolean
  /** What it is good at, in the config's own words: `code`, `maths`. */
  readonly strengths: readonly string[]
  /** 0 to 1, as declared in the config; compared between the models of one pool only. */
  readonly quality?: number
  readonly price?: Price
  /** Mixtures and routers that stand one inside another in it, itself counted; left out for a single model. */
  readonly depth?: number
  /** The dialects beside OpenAI chat in which its upstream answers itself, where nobody changes the request. */
  readonly speaks?: readonly NativeDialect[]
  /** True where the text is made up by the simulated upstream; shown wherever the model is shown. */
  readonly simulated: boolean
}

/** US dollars per million tokens. */
export interface Price {
  readonly input: number
  readonly output: number
  readonly cachedInput?: number
}

/** A card that promises nothing but text, with what is known laid over it. */
export function createModelCard(known: Partial<ModelCard> & Pick<ModelCard, 'kind' | 'ownedBy'>): ModelCard {
  return { modalities: ['text'], tools: true, strengths: [], simulated: false, ...known }
}

/** The depth of whatever is made of these. */
export function depthOver(members: readonly ChatModel[]): number {
  return 1 + Math.max(0, ...members.map(({ card }) => card.depth ?? 0))
}

/** The same model behind another `chat`: how every wrapper is made. It explains itself and rests as before. */
export function wrapModel({ id, card, explain, isResting }: ChatModel, chat: ChatModel['chat']): ChatModel {
  return { id, card, chat, ...(explain ? { explain } : {}), ...(isResting ? { isResting } : {}) }
}

/** False while the model is known to rest; what cannot rest is awake. */
export function isAwake({ isResting }: ChatModel, nowMs: number): boolean {
  return isResting?.(nowMs) !== true
}
