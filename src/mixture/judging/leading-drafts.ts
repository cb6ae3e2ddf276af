import { bestDraft, type Draft } from '../drafts/draft.ts'
import { extractAnswer } from './extract-answer.ts'

/** One draft for each final answer in the lead: by votes, then by weight. None where no draft comes to a final answer. */
export function leadingDrafts(drafts: readonly Draft[]): readonly Draft[] {
  const camps = Map.groupBy(drafts, ({ text }) => extractAnswer(text.read()))
  camps.delete(null)
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
