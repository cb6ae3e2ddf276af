import type { ChatEvent } from '../../chat/chat-event.ts'
import { aggregatePrompt, writeAnswer } from '../answer/aggregate.ts'
import { chooseDraft, selectPrompt } from '../judging/choose-draft.ts'
import { forwardableDrafts, forwardDraft } from '../answer/forward-draft.ts'
import { gatherDrafts } from '../drafts/gather-drafts.ts'
import type { MixtureRun } from '../mixture-run.ts'
import type { Strategy } from './strategy.ts'

/**
 * Every worker writes a draft; the aggregate names the best one, which is the answer word for word. For code, JSON and
 * short facts. Where no draft has the form that the client asked for, the aggregate writes the answer.
 */
export const select = {
  prompts: [selectPrompt, aggregatePrompt],
  asks: () => ['verdict'],
  isForwarding: true,
  answer,
} as const satisfies Strategy

async function answer(run: MixtureRun): Promise<AsyncIterable<ChatEvent>> {
  const drafts = await gatherDrafts(run)
  const candidates = forwardableDrafts(run, drafts)
  const best = candidates.length > 1 ? await chooseDraft(run, drafts, candidates) : candidates[0]
  return best ? forwardDraft(run, best) : writeAnswer(run, drafts)
}
