import type { ChatEvent } from '../../chat/chat-event.ts'
import type { DraftsPrompt } from '../drafts-prompt.ts'
import type { MixtureRun } from '../mixture-run.ts'

/** A way from drafts to the answer. Each is one file in this folder. */
export interface Strategy {
  /** What it asks the aggregate with; the user may replace each by its name. */
  readonly prompts: readonly DraftsPrompt[]
  /** Gathers drafts; resolves with the events of the one answer as soon as it is known who writes it. */
  answer(run: MixtureRun): Promise<AsyncIterable<ChatEvent>>
}
