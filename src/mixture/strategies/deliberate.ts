import type { ChatEvent } from '../../chat/chat-event.ts'
import { aggregatePrompt, writeAnswer } from '../answer/aggregate.ts'
import { compareDrafts, deliberatePrompt } from '../judging/compare-drafts.ts'
import { forwardDraft, soleDraft } from '../answer/forward-draft.ts'
import { gatherDrafts } from '../drafts/gather-drafts.ts'
import type { MixtureRun } from '../mixture-run.ts'
import type { Strategy } from './strategy.ts'

/**
 * Every worker writes a draft; the aggregate first compares them (consensus, contradictions, gaps, unique points, blind
 * spots) and then writes the answer out of the drafts and the comparison. For research: it costs one more call. Where
 * there is no comparison, the answer is written without.
 */
export const deliberate = {
  prompts: [deliberatePrompt, aggregatePrompt],
  asks: () => ['notes', 'answer'],
  answer,
} as const satisfies Strategy

async function answer(run: MixtureRun): Promise<AsyncIterable<ChatEvent>> {
  const drafts = await gatherDrafts(run)
  const sole = soleDraft(run, drafts)
  if (sole) return forwardDraft(run, sole)
  return writeAnswer(run, drafts, { comparison: await compareDrafts(run, drafts) })
}
