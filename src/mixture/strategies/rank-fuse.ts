import type { ChatEvent } from '../../chat/chat-event.ts'
import { aggregatePrompt, writeAnswer } from '../answer/aggregate.ts'
import { forwardDraft, soleDraft } from '../answer/forward-draft.ts'
import { gatherDrafts } from '../drafts/gather-drafts.ts'
import type { MixtureRun } from '../mixture-run.ts'
import { rankDrafts, rankPrompt } from '../judging/rank-drafts.ts'
import type { Strategy } from './strategy.ts'

/**
 * Every worker writes a draft; the aggregate ranks them and writes the answer out of the best `topK` alone. For many
 * workers, or an aggregate with a small window. Without more drafts than that there is nothing to rank.
 */
export const rankFuse = {
  prompts: [rankPrompt, aggregatePrompt],
  asks: (drafts, { topK }) => (drafts > topK ? ['verdict', 'answer'] : ['answer']),
  answer,
} as const satisfies Strategy

async function answer(run: MixtureRun): Promise<AsyncIterable<ChatEvent>> {
  const { topK } = run.mixture
  const drafts = await gatherDrafts(run)
  const sole = soleDraft(run, drafts)
  if (sole) return forwardDraft(run, sole)
  if (drafts.length <= topK) return writeAnswer(run, drafts)
  return writeAnswer(run, drafts, { shown: (await rankDrafts(run, drafts)).slice(0, topK) })
}
