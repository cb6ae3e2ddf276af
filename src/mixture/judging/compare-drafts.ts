/** The aggregate compares the drafts before it writes: what holds, what does not, what is missing. */
import { askForJson } from './ask-for-json.ts'
import { numberDrafts } from '../block/draft-block.ts'
import type { Draft } from '../drafts/draft.ts'
import { draftsPrompt } from '../block/drafts-prompt.ts'
import type { MixtureRun } from '../mixture-run.ts'
import { comparisonHeadings, parseComparison } from './parse-comparison.ts'
import { shortenText } from '../block/shorten-text.ts'

/** Has the aggregate compare the drafts. */
export const deliberatePrompt = draftsPrompt('deliberate')

/** A longer comparison would be another draft. */
const maxComparisonCharacters = 6000

/**
 * What the aggregate finds by comparing the drafts, as a text with headings; null where it cannot be asked or its reply
 * holds no comparison, and a note `comparison_failed` says so.
 */
export async function compareDrafts(run: MixtureRun, drafts: readonly Draft[]): Promise<string | null> {
  const list = { type: 'array', items: { type: 'string' } }
  const properties = Object.fromEntries(Object.keys(comparisonHeadings).map((field) => [field, list]))
  const reply = await askForJson(run, {
    prompt: deliberatePrompt,
    numbered: numberDrafts(run, drafts),
    form: { name: 'comparison', properties },
  })
  const comparison = reply === null ? null : parseComparison(reply)
  run.context.span.note(comparison === null ? 'comparison_failed' : 'drafts_compared')
  return comparison && shortenText(comparison, maxComparisonCharacters)
}
