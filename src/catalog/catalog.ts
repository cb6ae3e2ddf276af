/**
 * The catalog knows every model by its id: upstream models, mixtures, the router. It is made from a `Config` and never
 * changes; a new config makes a new catalog, and requests in flight keep theirs.
 */
import type { ChatModel, ModelCard } from '../chat/chat-model.ts'
import type { DeadlineLimits } from '../chat/deadline.ts'
import { RequestError } from '../chat/errors.ts'
import { nearestName } from '../chat/nearest-name.ts'

export interface Catalog {
  /** The model with this id, with or without the prefix, or behind an alias. @throws RequestError `model_not_found`, `router_not_configured` */
  find(id: string): ChatModel
  /** Every model as it is listed, with the prefix: the router, the mixtures, the single models. */
  list(): readonly ListedModel[]
  /** The router and the mixtures under names that Claude Code shows: its list has only what begins with "claude". */
  aliases(): readonly ListedModel[]
  /** The id as it is listed, whichever form it was asked in. */
  listedId(id: string): string
  /** The id without the prefix, whichever form it was asked in. */
  bareId(id: string): string
  /** Of a whole request. */
  readonly deadline: DeadlineLimits
}

export interface ListedModel {
  readonly id: string
  readonly card: ModelCard
}

export interface CatalogOptions {
  /** Put before every listed id. */
  readonly prefix: string
  readonly deadline: DeadlineLimits
}

const aliasPrefix = 'claude-mollmr-'

/** The id of the router, in every config. */
export const routerId = 'router'

/** A catalog of `models`, listed in their order. Where two have the same id, the first counts. */
export function catalogOf(models: readonly ChatModel[], { prefix, deadline }: CatalogOptions): Catalog {
  const byId = new Map(models.toReversed().map((model) => [model.id, model]))
  const listed = models.map(({ id, card }) => ({ id: prefix + id, card }))
  const aliases = models
    .filter(({ card }) => card.kind !== 'model')
    .map(({ id, card }) => ({ id: aliasPrefix + id, card: { ...card, name: card.name ?? prefix + id } }))
  const bare = (id: string): string => {
    const before = byId.has(id) ? '' : [aliasPrefix, prefix].find((each) => id.startsWith(each))
    return id.slice(before?.length ?? 0)
  }
  return {
    find: (id) => byId.get(bare(id)) ?? refuse(bare(id), byId),
    list: () => listed,
    aliases: () => aliases,
    listedId: (id) => prefix + bare(id),
    bareId: bare,
    deadline,
  }
}

function refuse(id: string, models: ReadonlyMap<string, ChatModel>): never {
  const known = [...models.keys()]
  if (id === routerId) {
    const others = known.join(', ')
    const message = `No router is configured: add "router:" to the config, or ask one of ${others}.`
    throw new RequestError('router_not_configured', message, { param: 'model' })
  }
  const nearest = nearestName(id, known)
  const hint = nearest === undefined ? 'GET /v1/models lists the ids.' : `Did you mean "${nearest}"?`
  throw new RequestError('model_not_found', `There is no model "${id}". ${hint}`, { param: 'model' })
}
