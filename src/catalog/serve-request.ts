/** What a request's field `mollmr` makes of the model that it asks for. */
import type { ChatModel } from '../chat/chat-model.ts'
import {
  type ChatRequest,
  type Override,
  overrides as allOverrides,
  type RequestOptions,
} from '../chat/chat-request.ts'
import { RequestError } from '../chat/errors.ts'
import { createMixture } from '../mixture/mixture.ts'
import { composeId } from '../router/rules.ts'
import { sideEvidenceOf } from '../router/side-request.ts'
import { type BuiltDefinition, composeMixture } from './compose-mixture.ts'

/** Who answers, and what it is asked. */
export interface Served {
  readonly model: ChatModel
  /** As the model is to be asked. */
  readonly request: ChatRequest
  /** The ids of all that the request names to take part; composing is none: it is up to the router. */
  readonly named: readonly string[]
}

interface ServerParts {
  readonly overrides?: readonly Override[]
  readonly definitions?: ReadonlyMap<string, BuiltDefinition>
  readonly compose?: (definition: BuiltDefinition) => ChatModel
  readonly sideRouter?: ChatModel
  readonly find: (id: string, param: string) => ChatModel
  /** The id without the prefix. */
  readonly bare: (id: string) => string
}

/** @throws RequestError where an option may not be set, names nobody or cannot be meant */
export function serverOf({
  overrides = allOverrides,
  definitions = new Map(),
  compose = (definition) => createMixture(definition),
  sideRouter,
  find,
  bare,
}: ServerParts): (request: ChatRequest) => Served {
  return (request) => {
    requireAllowed(request.options, overrides)
    const { mixture, workers, aggregate, ...options } = request.options
    const entry = find(request.body.model, 'model')
    // A router follows the name itself, so that its trace says that it was named.
    const routed = entry.card.kind === 'router' && !workers && aggregate === undefined
    if (routed) {
      const target = mixture === undefined ? undefined : bare(mixture)
      const own = { ...options, ...(target === undefined ? {} : { mixture: target }) }
      const named = target === undefined || target === composeId ? [] : [target]
      return { model: entry, request: { ...request, options: own }, named: [entry.id, ...named] }
    }
    const asked = mixture === undefined ? entry : find(mixture, 'mollmr.mixture')
    const own = { ...request, options }
    const others = [mixture, aggregate, ...(workers ?? [])].filter((id) => id !== undefined)
    const named = [entry.id, ...others.map(bare)]
    if (!workers && aggregate === undefined) {
      const isAside = sideRouter && asked.card.kind === 'mixture' && isCertainlyAside(own)
      return { model: isAside ? sideRouter : asked, request: own, named }
    }
    const definition = composeMixture(request.options, { asked, base: definitions.get(asked.id), find })
    return { model: compose(definition), request: own, named }
  }
}

interface RelayerParts extends ServerParts {
  readonly relays?: ReadonlyMap<string, ChatModel>
}

/** @throws RequestError where the model has no server to ask, or an option may not be set */
export function relayerOf({
  overrides = allOverrides,
  relays = new Map(),
  find,
  bare,
}: RelayerParts): (request: ChatRequest) => Served {
  return (request) => {
    requireAllowed(request.options, overrides)
    requireUnmixed(request.options)
    const { model: id } = request.body
    const model = relays.get(find(id, 'model').id)
    if (model) return { model, request, named: [model.id] }
    const message = `"${bare(id)}" does not answer this: only single models on an upstream of kind openai do.`
    throw new RequestError('invalid_request', message, { param: 'model' })
  }
}

/** What is left to one call is what it may spend. */
function requireUnmixed(options: RequestOptions): void {
  const refused = allOverrides.find((field) => field !== 'budget' && options[field] !== undefined)
  if (refused === undefined) return
  const message = `mollmr.${refused} means nothing here: no mixture answers this.`
  throw new RequestError('invalid_request', message, { param: `mollmr.${refused}` })
}

/** Somebody who names a mixture may well want it for an answer of ten tokens: the shape alone is not enough. */
function isCertainlyAside(request: ChatRequest): boolean {
  return sideEvidenceOf(request)?.startsWith('shape:') === false
}

function requireAllowed(options: RequestOptions, allowed: readonly Override[]): void {
  const refused = allOverrides.find((field) => options[field] !== undefined && !allowed.includes(field))
  if (refused === undefined) return
  const list = allowed.length === 0 ? 'nothing' : allowed.join(', ')
  const message = `mollmr.${refused} may not be set here: server.overrides allows ${list}.`
  throw new RequestError('invalid_request', message, { param: `mollmr.${refused}` })
}
