import type { CallBudget, CallContext } from '../chat/call-context.ts'
import type { ChatMessage, ChatRequest } from '../chat/chat-request.ts'
import type { SlotValues } from '../prompt/template.ts'
import type { BodyDigest } from './drafts/body-digest.ts'
import type { Draft } from './drafts/draft.ts'
import type { mixtureSystemPromptSlots } from './mixture-prompts.ts'
import type { ResolvedMixture } from './resolved-mixture.ts'
import type { SchemaProblem } from './answer/response-format.ts'
import type { StageCache } from './drafts/stage-cache.ts'

/** One request on its way through a mixture: what every strategy works with. */
export interface MixtureRun {
  readonly mixture: ResolvedMixture
  /** The client's, with the mixture's own system prompt; without the options that were meant for this mixture alone. */
  readonly request: ChatRequest
  /** What the client itself wrote. */
  readonly clientMessages: readonly ChatMessage[]
  /** Of the mixture: its signal ends every call below, its span is the one that the caller gave. */
  readonly context: CallContext
  /** What workers may spend: not what the aggregate will take. */
  readonly draftBudget: CallBudget
  /** True where workers are given the tools, and a draft may be tool calls. */
  readonly workersAct: boolean
  /** Usable drafts that suffice for this request. */
  readonly quorum: number
  /** Drafts that the mixture would ask for if its budget had room for all: what is missing of them degrades the answer. */
  readonly wantedDrafts: number
  /** The `id` of the answer, the same in all its chunks. */
  readonly answerId: string
  /** 32 hex digits that no worker has seen: they mark where drafts begin and end. */
  readonly boundary: string
  /** What the workers are shown of the round before; null in the first. */
  readonly roundBefore: RoundBefore | null
  readonly stageCache: StageCache
  /** Of the config; part of the keys of drafts. */
  readonly version: string
  readonly digest: BodyDigest
  readonly schemaProblem: SchemaProblem
}

/** What the workers of one round wrote, for those of the next. */
export interface RoundBefore {
  /** Which round that was, from 1. */
  readonly layer: number
  /** Its drafts in the order in which they are numbered. */
  readonly numbered: readonly Draft[]
  /** Of its own: workers must not see the one that fences their drafts for the aggregate. */
  readonly boundary: string
}

/** The values of the slots that every prompt of a mixture has. `today` reads `2026-11-24`. */
export function mixtureValues({
  mixture,
  context,
}: Pick<MixtureRun, 'mixture'> & { readonly context: Pick<CallContext, 'clock'> }): SlotValues<
  typeof mixtureSystemPromptSlots
> {
  return {
    'mixture.name': mixture.id,
    'mixture.description': mixture.description,
    today: new Date(context.clock.wallTime()).toISOString().slice(0, 10),
  }
}
