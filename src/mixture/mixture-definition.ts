import type { BudgetLimits } from '../chat/call-budget.ts'
import type { ChatModel } from '../chat/chat-model.ts'
import type { DeadlineLimits } from '../chat/deadline.ts'
import type { SystemPromptMode } from '../prompt/system-prompt.ts'
import type { TemplateDefinition } from '../prompt/template.ts'
import type { SchemaProblem } from './answer/response-format.ts'
import type { StageCache } from './drafts/stage-cache.ts'
import type { ToolsMode } from './mixture-defaults.ts'
import type { PromptName, StrategyName } from './strategies/strategies.ts'

/** A mixture as it is written. Only `id`, `workers` and `aggregate` are needed. */
export interface MixtureDefinition {
  readonly id: string
  /** The mixture whose kept drafts serve it: one that it shares all workers with. Default: itself alone. */
  readonly draftsOf?: string
  /** What it is good for; the router offers a mixture by this text. */
  readonly description?: string
  /** Each writes a draft; with none, the aggregate answers alone. */
  readonly workers: readonly (ChatModel | WorkerDefinition)[]
  /** Turns the drafts into the answer. */
  readonly aggregate: ChatModel | MemberDefinition
  /** Asked in this order where the aggregate fails before its first content; they get its params and system prompt. */
  readonly aggregateFallbacks?: readonly ChatModel[]
  /** Default: `synthesize`. */
  readonly strategy?: StrategyName
  /** Rounds, 1 to 3: from the second on, the workers see the drafts of the round before. Default: 1. */
  readonly layers?: number
  /** Drafts that `rank_fuse` makes the answer of. Default: 3. */
  readonly topK?: number
  /** Calls to workers that `cascade` begins with, at least 2. Default: 2. */
  readonly firstWorkers?: number
  /** Calls to workers that are allowed, samples counted. Default: 16. */
  readonly maxWorkers?: number
  /** Usable drafts that suffice. Default: two thirds of the calls to workers, rounded up. */
  readonly quorum?: number
  /** Usable drafts without which there is no answer; the quorum is never less. 0: the aggregate then answers alone. Default: 1. */
  readonly minWorkers?: number
  /** How long the other workers may still take once the quorum is reached. Default: 3000. */
  readonly graceMs?: number
  /** The aggregate begins as soon as the quorum is reached: a grace of 0. Default: false. */
  readonly early?: boolean
  /**
   * A worker that cannot open a picture, a recording or a file of the conversation is left out (`drop`), or told that there
   * is one (`describe`). Default: `drop`.
   */
  readonly modality?: 'drop' | 'describe'
  /** How a request that offers tools runs. Default: `advise`. */
  readonly tools?: ToolsMode
  /** Default: false, so that a single usable draft is the answer. */
  readonly alwaysAggregate?: boolean
  /** Hides from the aggregate who wrote which draft. Default: true. */
  readonly anonymise?: boolean
  /** Shows the drafts in an order that depends on the request alone. Default: true. */
  readonly shuffle?: boolean
  /** Of one draft as the aggregate sees it. Default: 12000. */
  readonly maxDraftCharacters?: number
  /** How long a finished draft serves the same request of the same caller again; 0 is never. Default: 60000. */
  readonly reuseDraftsMs?: number
  /** Of each call to a worker. Default: first content within 30 s, 20 s of silence, 60 s in total. */
  readonly workerDeadline?: DeadlineLimits
  /** Of the whole mixture. Default: 120 s in total. */
  readonly deadline?: DeadlineLimits
  /** Of one request to this mixture. Default: no limit. */
  readonly budget?: BudgetLimits
  /** For every member. */
  readonly systemPrompt?: SystemPromptDefinition
  /** Liquid texts; `docs/prompts.md` lists the slots. `worker` is for workers without a template of their own. */
  readonly prompts?: Readonly<Partial<Record<PromptName, TemplateDefinition>>>
}

/** A model in its part in a mixture. */
export interface MemberDefinition {
  readonly model: ChatModel
  /** Body fields: the aggregate's are defaults for what the client leaves out, a worker's win over the client's. */
  readonly params?: Readonly<Record<string, unknown>>
  readonly systemPrompt?: SystemPromptDefinition
}

export interface WorkerDefinition extends MemberDefinition {
  /** Its name in traces and messages. Default: the model's id. */
  readonly label?: string
  /** Breaks ties and ranks drafts where no model can. Default: 1. */
  readonly weight?: number
  /** Calls made to this worker at the same time, a draft each. Default: 1. */
  readonly samples?: number
  /** Rewrites the last message of the user. */
  readonly template?: TemplateDefinition
  /** Laid over the mixture's `workerDeadline`. */
  readonly deadline?: DeadlineLimits
}

export interface SystemPromptDefinition {
  readonly mode: SystemPromptMode
  readonly template: TemplateDefinition
}

/** What a mixture needs from outside; each has a default. */
export interface MixtureDependencies {
  /** Unpredictable bytes. Default: those of `node:crypto`. */
  readonly randomBytes?: (size: number) => Uint8Array
  /** Checks answers against the JSON Schema that a client gives. Default: types, fields and choices alone. */
  readonly schemaProblem?: SchemaProblem
  /** Keeps drafts from one request to the next. Default: one that keeps nothing. */
  readonly stageCache?: StageCache
  /** Of what the definition was made from: drafts of another version are not reused. */
  readonly version?: string
}
