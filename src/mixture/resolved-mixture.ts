import type { BudgetLimits } from '../chat/call-budget.ts'
import type { ChatModel } from '../chat/chat-model.ts'
import type { DeadlineLimits } from '../chat/deadline.ts'
import type { SystemPrompt } from '../prompt/system-prompt.ts'
import type { Template } from '../prompt/template.ts'
import type { DraftsTemplate } from './block/drafts-prompt.ts'
import type { ToolsMode } from './mixture-defaults.ts'
import type {
  adviserSlots,
  aggregateSystemPromptSlots,
  mixtureSystemPromptSlots,
  repairSlots,
  workerSystemPromptSlots,
  workerTemplateSlots,
} from './mixture-prompts.ts'

/** What a `MixtureDefinition` means: defaults filled in, templates checked, samples counted out. */
export interface ResolvedMixture {
  readonly id: string
  /** The mixture whose kept drafts serve it. */
  readonly draftsOf: string
  readonly description: string
  readonly depth: number
  /** One for each call that is made for a draft, in the order of the definition. */
  readonly workers: readonly Worker[]
  /** The aggregate, then its fallbacks. */
  readonly aggregates: readonly Aggregate[]
  readonly layers: number
  readonly topK: number
  readonly firstWorkers: number
  readonly quorum: number
  /** Usable drafts without which there is no answer. */
  readonly minWorkers: number
  /** What becomes of a worker that cannot open a part of the conversation. */
  readonly modality: 'drop' | 'describe'
  readonly graceMs: number
  readonly tools: ToolsMode
  readonly alwaysAggregate: boolean
  readonly anonymise: boolean
  readonly shuffle: boolean
  readonly maxDraftCharacters: number
  /** 0 where drafts are not reused. */
  readonly reuseDraftsMs: number
  readonly deadline: DeadlineLimits
  readonly budget: BudgetLimits | null
  readonly systemPrompt: SystemPrompt<typeof mixtureSystemPromptSlots> | null
  /** What a worker is told that advises. */
  readonly adviser: Template<typeof adviserSlots>
  /** What the aggregate is told whose answer lacks the form that the client wants. */
  readonly repair: Template<typeof repairSlots>
  /** What the user wrote in place of prompts that show drafts, by their names. */
  readonly prompts: ReadonlyMap<string, DraftsTemplate>
}

/** One sample of one worker. */
export interface Worker {
  /** Unique in its mixture. */
  readonly label: string
  /** Its place in the order of the definition, from 0. */
  readonly position: number
  /** Which sample of the same worker this is, from 0. */
  readonly sample: number
  readonly model: ChatModel
  readonly weight: number
  readonly params: Readonly<Record<string, unknown>>
  readonly deadline: DeadlineLimits
  readonly systemPrompt: SystemPrompt<typeof workerSystemPromptSlots> | null
  readonly template: Template<typeof workerTemplateSlots> | null
}

export interface Aggregate {
  readonly model: ChatModel
  readonly params: Readonly<Record<string, unknown>>
  readonly systemPrompt: SystemPrompt<typeof aggregateSystemPromptSlots> | null
}
