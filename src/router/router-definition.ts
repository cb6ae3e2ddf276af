/** What a router is made of, and the check that it can work. */
import type { ChatModel } from '../chat/chat-model.ts'
import { ConfigError } from '../chat/errors.ts'
import { nearestName } from '../chat/nearest-name.ts'
import type { TemplateDefinition } from '../prompt/template.ts'
import type { RouteOption } from './choose-route.ts'
import { noChoice } from './parse-choice.ts'
import type { Plan } from './plan.ts'
import { composeId, type LanguageDetector, type RouteRule } from './rules.ts'

export interface RouterDefinition {
  /** `router` where it is left out. */
  readonly id?: string
  /** Every model that may be named, ruled or chosen. */
  readonly candidates: readonly RouteCandidate[]
  /** The base model that chooses; without one, rules, the local scorer and the default decide. */
  readonly model?: ChatModel
  /** The id of the candidate that serves what nothing else claims. */
  readonly default?: string
  /** Serves title, tag and follow-up requests; left out, the base model does. */
  readonly sideModel?: ChatModel
  readonly rules?: readonly RouteRule[]
  readonly compose?: ComposeDefinition
  /** Liquid texts; `router-prompts.ts` has their slots. */
  readonly prompts?: { readonly choose?: TemplateDefinition; readonly compose?: TemplateDefinition }
  /** For the base model, for each choice and each plan; 5,000 where it is left out. */
  readonly deadlineMs?: number
  /** Mixture calls of one conversation per minute; beyond, it is taken for a loop. 60 where left out; 0: no guard. */
  readonly loopGuard?: { readonly callsPerMinute: number }
  /** Of the config; part of cache keys. */
  readonly version?: string
}

export interface RouteCandidate {
  readonly model: ChatModel
  /** What the choosing model reads; the card's where it is left out. */
  readonly description?: string
  /** False keeps it from being chosen; it can still be named, ruled or the default. */
  readonly offered?: boolean
}

/**
 * Lets the router build a mixture for one request. It does so where the base model chooses `compose` among the other
 * options, where a rule or the request says `compose`, and where there is no candidate to choose.
 */
export interface ComposeDefinition {
  readonly pool: readonly ChatModel[]
  readonly minWorkers: number
  readonly maxWorkers: number
  /** Makes the mixture that a plan describes. */
  readonly buildPlan: (plan: Plan) => ChatModel
}

/** What a router needs from outside; all of it has defaults. */
export interface RouterDependencies {
  /** Loaded where a rule is about a language. Default: none, and such a rule is an error. */
  readonly loadLanguageDetector?: () => LanguageDetector
  /** Unpredictable bytes, for the fence around a conversation. */
  readonly randomBytes?: (size: number) => Uint8Array
}

/** A candidate that the base model may choose. */
export interface OfferedCandidate extends RouteOption {
  readonly model: ChatModel
}

/**
 * The candidates that may be chosen: those with a description, or the only one, which needs none.
 *
 * @throws ConfigError where ids are taken twice or point nowhere, and where there is nothing to choose by.
 */
export function checkDefinition(definition: RouterDefinition): readonly OfferedCandidate[] {
  checkIds(definition)
  checkCompose(definition)
  const free = definition.candidates.filter(({ offered }) => offered !== false)
  const all = free.map(({ model, description }) => ({
    id: model.id,
    model,
    description: (description ?? model.card.description ?? '').trim(),
  }))
  const described = all.filter(({ description }) => description !== '')
  if (described.length > 0) return described
  if (all.length > 1 && !definition.compose)
    throw new ConfigError(
      `The router has nothing to choose by: none of ${all.map(({ id }) => `"${id}"`).join(', ')} has a description. Give each mixture a description that says what it is for.`,
    )
  if (all.length === 0 && !definition.compose && definition.default === undefined)
    throw new ConfigError(
      'The router has nothing to route to: describe a mixture, set router.default or set router.compose.',
    )
  return all.length === 1 ? all : []
}

function checkIds({ candidates, default: fallback, rules = [], compose }: RouterDefinition): void {
  const ids = new Set<string>()
  for (const { id } of candidates.map(({ model }) => model)) {
    if (ids.has(id)) throw new ConfigError(`The router has two candidates with the id "${id}"; rename one.`)
    if (id === noChoice || id === composeId)
      throw new ConfigError(`The router cannot have a candidate "${id}": the word has a meaning of its own; rename it.`)
    ids.add(id)
  }
  if (fallback !== undefined) requireId(fallback, ids, 'router.default')
  const targets = compose ? new Set([...ids, composeId]) : ids
  for (const [index, { use }] of rules.entries()) requireId(use, targets, `router.rules[${index}].use`)
}

function requireId(id: string, known: ReadonlySet<string>, place: string): void {
  if (known.has(id)) return
  const nearest = nearestName(id, known)
  const hint = nearest === undefined ? `known are ${[...known].join(', ')}.` : `did you mean "${nearest}"?`
  throw new ConfigError(`${place}: there is no model or mixture "${id}", ${hint}`)
}

function checkCompose({ compose }: RouterDefinition): void {
  if (!compose) return
  const { pool, minWorkers, maxWorkers } = compose
  if (pool.length === 0) throw new ConfigError('router.compose.pool is empty; name the models that a plan may use.')
  if (minWorkers < 1 || maxWorkers < minWorkers)
    throw new ConfigError(
      `router.compose: min_workers (${minWorkers}) must be at least 1 and at most max_workers (${maxWorkers}).`,
    )
}
