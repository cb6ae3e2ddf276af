import type { ChatEvent } from '../../chat/chat-event.ts'
import { aggregatePrompt, writeAnswer } from '../answer/aggregate.ts'
import { chooseDraft, selectPrompt } from '../judging/choose-draft.ts'
import { forwardableDrafts, forwardDraft } from '../answer/forward-draft.ts'
import { gatherDrafts } from '../drafts/gather-drafts.ts'
import { leadingDrafts } from '../judging/leading-drafts.ts'
import type { MixtureRun } from '../mixture-run.ts'
import type { Strategy } from './strategy.ts'

/**
 * Every worker writes a draft; the final answer that most of them reach wins, and the text of a draft that reaches it is
 * the answer. Weights break a tie, then the aggregate does by naming the best of the tied. For closed questions.
 *
 * Majority voting over final answers is self-consistency (arXiv 2203.11171).
 */
export const vote = {
  prompts: [selectPrompt, aggregatePrompt],
  asks: () => ['verdict'],
  least: ({ workers }) => workers,
  isForwarding: true,
  answer,
} as const satisfies Strategy

async function answer(run: MixtureRun): Promise<AsyncIterable<ChatEvent>> {
  const drafts = await gatherDrafts(run)
  const candidates = forwardableDrafts(run, drafts)
  const leading = leadingDrafts(candidates)
  const tied = leading.length > 0 ? leading : candidates
  const winner = tied.length > 1 ? await chooseDraft(run, drafts, tied) : tied[0]
  return winner ? forwardDraft(run, winner) : writeAnswer(run, drafts)
}
