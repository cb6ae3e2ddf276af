import type { ChatEvent } from '../../chat/chat-event.ts'
import type { DraftsPrompt } from '../block/drafts-prompt.ts'
import type { MixtureRun } from '../mixture-run.ts'
import type { ResolvedMixture, Worker } from '../resolved-mixture.ts'

/** The whole answer; a page of notes on the drafts; a verdict of a few words. */
export type Ask = 'answer' | 'notes' | 'verdict'

/** A way from drafts to the answer. Each is one file in this folder. */
export interface Strategy {
  /** What it asks the aggregate with; the user may replace each by its name. */
  readonly prompts: readonly DraftsPrompt[]
  /** What the aggregate is asked for at most, in turn, where there are several drafts: so many of them. */
  readonly asks: (drafts: number, mixture: ResolvedMixture) => readonly Ask[]
  /** The workers that suffice where their drafts agree and the aggregate is asked for nothing, if that can be. */
  readonly least?: (mixture: ResolvedMixture) => readonly Worker[]
  /** True where the answer is a draft, word for word, unless none has the form for it. */
  readonly isForwarding?: boolean
  /** Gathers drafts; resolves with the events of the one answer as soon as it is known who writes it. */
  answer(run: MixtureRun): Promise<AsyncIterable<ChatEvent>>
}
