/** The aggregate says which draft is best; nobody rewrites it. */
import { askForJson } from './ask-for-json.ts'
import { numberDrafts } from '../block/draft-block.ts'
import { bestDraft, type Draft } from '../drafts/draft.ts'
import { draftsPrompt } from '../block/drafts-prompt.ts'
import { draftInstead } from '../answer/forward-draft.ts'
import type { MixtureRun } from '../mixture-run.ts'
import { parseDraftNumber } from './parse-draft-number.ts'

/** Has the aggregate name the best draft by its number. */
export const selectPrompt = draftsPrompt('select')

/**
 * The one of `candidates`, which are some of `drafts`, that the aggregate finds best. Where it cannot be asked, or its
 * reply names none, the best by weight; the span then says that the answer is degraded. Where all refuse there is nothing
 * to choose.
 */
export async function chooseDraft(
  run: MixtureRun,
  drafts: readonly Draft[],
  candidates: readonly Draft[],
): Promise<Draft | undefined> {
  if (candidates.every(({ flag }) => flag === 'refusal')) return bestDraft(candidates)
  const numbered = numberDrafts(run, candidates)
  const draft = { type: 'integer', enum: numbered.map((_, index) => index + 1) }
  const form = { name: 'best_draft', properties: { draft } }
  const reply = await askForJson(run, { prompt: selectPrompt, numbered, form })
  const number = reply === null ? null : parseDraftNumber(reply, numbered.length)
  run.context.span.note('draft_chosen', { draft: number })
  return number === null ? draftInstead(run, drafts, candidates) : numbered[number - 1]
}
