/**
 * The catalog knows every model by its id: upstream models, mixtures, the router. It is made from a `Config` and never
 * changes; a new config makes a new catalog.
 */
import type { ChatModel, ModelCard } from '../chat/chat-model.ts'
import type { DeadlineLimits } from '../chat/deadline.ts'

export interface Catalog {
  /** The model with this id, with or without the prefix. @throws RequestError `model_not_found`, `router_not_configured` */
  find(id: string): ChatModel
  /** Every model as it is listed, with the prefix: the router, the mixtures, the single models. */
  list(): readonly ListedModel[]
  /** The id as it is listed, whichever form it was asked in. */
  listedId(id: string): string
  /** Of a whole request. */
  readonly deadline: DeadlineLimits
}

export interface ListedModel {
  readonly id: string
  readonly card: ModelCard
}
