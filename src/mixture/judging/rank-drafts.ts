/** The aggregate puts the drafts in order, so that only the best of them need be read closely. */
import { askForJson } from './ask-for-json.ts'
import { numberDrafts } from '../block/draft-block.ts'
import { byWorth, type Draft } from '../drafts/draft.ts'
import { draftsPrompt } from '../block/drafts-prompt.ts'
import type { MixtureRun } from '../mixture-run.ts'
import { parseRanking } from './parse-ranking.ts'

/** Has the aggregate name all drafts by their numbers, the best first. */
export const rankPrompt = draftsPrompt('rank')

/**
 * All of `drafts`, the best first. Those that the aggregate does not name stand behind in the order of their weights;
 * where it cannot be asked, that is all of them, and a note `ranking_failed` says so.
 */
export async function rankDrafts(run: MixtureRun, drafts: readonly Draft[]): Promise<readonly Draft[]> {
  const numbered = numberDrafts(run, drafts)
  const number = { type: 'integer', enum: numbered.map((_, index) => index + 1) }
  const ranking = { type: 'array', items: number }
  const reply = await askForJson(run, {
    prompt: rankPrompt,
    numbered,
    form: { name: 'ranking', properties: { ranking } },
  })
  const ranked = parseRanking(reply ?? '', numbered.length).flatMap((place) => numbered[place - 1] ?? [])
  if (ranked.length === 0) run.context.span.note('ranking_failed')
  else run.context.span.note('drafts_ranked', { workers: ranked.map(({ worker }) => worker.label) })
  return [...new Set([...ranked, ...byWorth(drafts)])]
}
