/**
 * The catalog knows every model by its id: upstream models, mixtures, the router. It is made from a `Config` and never
 * changes; a new config makes a new catalog, and requests in flight keep theirs.
 */
import type { ChatModel, ModelCard } from '../chat/chat-model.ts'
import type { ChatRequest, Override } from '../chat/chat-request.ts'
import type { DeadlineLimits } from '../chat/deadline.ts'
import { RequestError } from '../chat/errors.ts'
import { nearestName } from '../chat/nearest-name.ts'
import type { BuiltDefinition } from './compose-mixture.ts'
import { relayerOf, type Served, serverOf } from './serve-request.ts'

export interface Catalog {
  /** The model with this id, with or without the prefix, or behind an alias. @throws RequestError `model_not_found`, `router_not_configured` */
  find(id: string): ChatModel
  /**
   * Who answers a request: the model that it asks for, or what its options make of that.
   *
   * @throws RequestError as `find` does, and where an option may not be set or cannot be meant
   */
  serve(request: ChatRequest): Served
  /**
   * Who answers a request that only a server can: a single model, past params and a system prompt.
   *
   * @throws RequestError as `find` does, and `invalid_request` where the model is on no such server, or options are set that
   * are of mixtures
   */
  relay(request: ChatRequest): Served
  /** Every model as it is listed, with the prefix: the router, the mixtures, the single models. */
  list(): readonly ListedModel[]
  /** The router and the mixtures under names that Claude Code shows: its list has only what begins with "claude". */
  aliases(): readonly ListedModel[]
  /** The id as it is listed, whichever form it was asked in. */
  listedId(id: string): string
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
  /** What a request may change in its field `mollmr`. Default: all of it. */
  readonly overrides?: readonly Override[]
  /** The mixtures as they are made, by id. */
  readonly definitions?: ReadonlyMap<string, BuiltDefinition>
  /** By the id of the model: those of upstreams that can hand on what they are sent. */
  readonly relays?: ReadonlyMap<string, ChatModel>
  /** Whom side requests go to that ask for a mixture by its name. Default: nobody, the mixture answers them itself. */
  readonly sideRouter?: ChatModel
  /** Makes a mixture for one request. */
  readonly compose?: (definition: BuiltDefinition) => ChatModel
}

const aliasPrefix = 'claude-mollmr-'

/** The id of the router, in every config. */
export const routerId = 'router'

/** A catalog of `models`, listed in their order. Where two have the same id, the first counts. */
export function catalogOf(models: readonly ChatModel[], options: CatalogOptions): Catalog {
  const { prefix, deadline } = options
  const byId = new Map(models.toReversed().map((model) => [model.id, model]))
  const listed = models.map(({ id, card }) => ({ id: prefix + id, card }))
  const aliases = models
    .filter(({ card }) => card.kind !== 'model')
    .map(({ id, card }) => ({ id: aliasPrefix + id, card: { ...card, name: card.name ?? prefix + id } }))
  const bare = (id: string): string => {
    const before = byId.has(id) ? '' : [aliasPrefix, prefix].find((each) => id.startsWith(each))
    return id.slice(before?.length ?? 0)
  }
  const find = (id: string, param: string): ChatModel => byId.get(bare(id)) ?? refuse(bare(id), byId, param)
  return {
    find: (id) => find(id, 'model'),
    serve: serverOf({ ...options, find, bare }),
    relay: relayerOf({ ...options, find, bare }),
    list: () => listed,
    aliases: () => aliases,
    listedId: (id) => prefix + bare(id),
    deadline,
  }
}

function refuse(id: string, models: ReadonlyMap<string, ChatModel>, param: string): never {
  const known = [...models.keys()]
  if (id === routerId) {
    const others = known.join(', ')
    const message = `No router is configured: add "router:" to the config, or ask one of ${others}.`
    throw new RequestError('router_not_configured', message, { param })
  }
  const nearest = nearestName(id, known)
  const hint = nearest === undefined ? 'GET /v1/models lists the ids.' : `Did you mean "${nearest}"?`
  throw new RequestError('model_not_found', `There is no model "${id}". ${hint}`, { param })
}
