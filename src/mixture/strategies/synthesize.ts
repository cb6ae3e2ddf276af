import type { ChatEvent } from '../../chat/chat-event.ts'
import { aggregatePrompt, writeAnswer } from '../answer/aggregate.ts'
import { forwardDraft, soleDraft } from '../answer/forward-draft.ts'
import { gatherDrafts } from '../drafts/gather-drafts.ts'
import type { MixtureRun } from '../mixture-run.ts'
import type { Strategy } from './strategy.ts'

/** Every worker writes a draft; the aggregate writes the answer out of them. For open-ended questions. */
export const synthesize = { prompts: [aggregatePrompt], asks: () => ['answer'], answer } as const satisfies Strategy

async function answer(run: MixtureRun): Promise<AsyncIterable<ChatEvent>> {
  const drafts = await gatherDrafts(run)
  const sole = soleDraft(run, drafts)
  return sole ? forwardDraft(run, sole) : writeAnswer(run, drafts)
}
