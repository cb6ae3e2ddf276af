import type { ChatEvent } from '../../chat/chat-event.ts'
import { aggregatePrompt, writeAnswer } from '../aggregate.ts'
import { chooseDraft, selectPrompt } from '../choose-draft.ts'
import { bestDraft, type Draft } from '../draft.ts'
import { extractAnswer } from '../extract-answer.ts'
import { forwardableDrafts, forwardDraft } from '../forward-draft.ts'
import { gatherDrafts } from '../gather-drafts.ts'
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
  asks: ['verdict'],
  isForwarding: true,
  answer,
} as const satisfies Strategy

async function answer(run: MixtureRun): Promise<AsyncIterable<ChatEvent>> {
  const drafts = await gatherDrafts(run)
  const candidates = forwardableDrafts(run, drafts)
  const leading = leadingDrafts(candidates)
  const winner = leading.length > 1 ? await chooseDraft(run, drafts, leading) : leading[0]
  return winner ? forwardDraft(run, winner) : writeAnswer(run, drafts)
}

/** One draft for each final answer in the lead: by votes, then by weight. All drafts where none comes to a final answer. */
function leadingDrafts(drafts: readonly Draft[]): readonly Draft[] {
  const camps = Map.groupBy(drafts, ({ text }) => extractAnswer(text))
  camps.delete(null)
  if (camps.size === 0) return drafts
  const mostVotes = highest([...camps.values()], (camp) => camp.length)
  return highest(mostVotes, weightOf).flatMap((camp) => bestDraft(camp) ?? [])
}

function weightOf(camp: readonly Draft[]): number {
  return camp.reduce((sum, { worker }) => sum + worker.weight, 0)
}

function highest<T>(items: readonly T[], score: (item: T) => number): readonly T[] {
  const best = Math.max(...items.map(score))
  return items.filter((item) => score(item) === best)
}
