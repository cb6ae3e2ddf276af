/** The drafts as the aggregate sees them: anonymous, in an order of their own, fenced, and no longer than fits. */
import { estimateMessages } from '../../chat/estimate-messages.ts'
import { estimateTokens } from '../../chat/estimate-tokens.ts'
import { textOf } from '../../chat/message-text.ts'
import type { SlotValues } from '../../prompt/template.ts'
import type { Draft, DraftFlag } from '../drafts/draft.ts'
import type { DraftsPrompt } from './drafts-prompt.ts'
import { fence } from './fence.ts'
import { conversationValues, type draftsPromptSlots } from '../mixture-prompts.ts'
import { mixtureValues, type MixtureRun } from '../mixture-run.ts'
import type { Aggregate } from '../resolved-mixture.ts'
import { shortenText } from './shorten-text.ts'
import { seedOf, shuffled } from './shuffle.ts'
import { withCalls } from '../tools/tools-as-text.ts'

/** The drafts in the order in which they are numbered from 1; their worker spans get that number. */
export function numberDrafts({ mixture, request }: MixtureRun, drafts: readonly Draft[]): readonly Draft[] {
  const seed = seedOf([mixture.id, ...request.body.messages.map(textOf)])
  const ordered = mixture.shuffle ? shuffled(drafts, seed) : drafts
  for (const [index, draft] of ordered.entries()) draft.span.set({ draft: index + 1 })
  return ordered
}

/** The drafts, who reads them, and how much of the room for them is used: less where a first try was too long. */
interface ShownDrafts {
  /** In the order in which they are numbered. */
  readonly numbered: readonly Draft[]
  readonly aggregate: Pick<Aggregate, 'model'>
  /** 0 to 1. */
  readonly fit: number
  /** Shown behind the drafts. */
  readonly comparison?: string | null
}

/** The prompt with the drafts in it: what is put behind the conversation. */
export function draftBlock(run: MixtureRun, { name, template }: DraftsPrompt, shown: ShownDrafts): string {
  const written = run.mixture.prompts.get(name) ?? template
  return written.fill(draftsPromptValues(run, shown))
}

function draftsPromptValues(run: MixtureRun, shown: ShownDrafts): SlotValues<typeof draftsPromptSlots> {
  const { boundary, mixture } = run
  const { numbered } = shown
  const maxCharacters = longestDraft(run, shown)
  const fenced = numbered.map((draft, index) =>
    fence(shownText(draft), { title: titleOf(draft, index + 1, mixture.anonymise), boundary, maxCharacters }),
  )
  return {
    ...mixtureValues(run),
    ...conversationValues(run.request),
    drafts: [...fenced, ...fencedComparison(run, shown.comparison)].join('\n\n'),
    draft_count: numbered.length,
    boundary,
  }
}

/** It was made of drafts, so it is trusted no more than they are. */
function fencedComparison({ boundary }: MixtureRun, comparison: string | null = null): readonly string[] {
  return comparison === null ? [] : [fence(comparison, { title: 'Comparison of the drafts', boundary })]
}

function shownText({ text, toolCalls }: Draft): string {
  return toolCalls.length === 0 ? text.read() : withCalls(text.read(), toolCalls, 'Calls')
}

/** Of `shownText`, without reading a long text for it. */
function shownLength(draft: Draft): number {
  return draft.toolCalls.length === 0 ? draft.text.length : shownText(draft).length
}

const flagTexts: Readonly<Record<DraftFlag, string>> = {
  refusal: 'a refusal',
  truncated: 'ended at its length limit',
  cut_off: 'stopped before its end',
}

function titleOf({ flag, worker }: Draft, number: number, anonymise: boolean): string {
  const author = anonymise ? '' : ` by ${worker.label}`
  return `Draft ${number}${author}${flag ? ` (${flagTexts[flag]})` : ''}`
}

/** Below this a draft says nothing; the model may then say itself that it is all too long. */
const minDraftCharacters = 200

/** Tokens kept free for the answer where the client sets no limit. */
const answerTokens = 4096
/** Tokens of the prompt around the drafts, more or less. */
export const blockTokens = 600

/** How long a draft may be so that all fit: only those that are longer shrink, so the longest shrinks first. */
function longestDraft(run: MixtureRun, { numbered, aggregate, fit, comparison }: ShownDrafts): number {
  const longest = run.mixture.maxDraftCharacters
  const lengths = numbered.map((draft) => Math.min(shownLength(draft), longest))
  const wanted = lengths.reduce((sum, length) => sum + length, 0)
  const free = freeCharacters(run, numbered, aggregate) - (comparison?.length ?? 0)
  const total = Math.min(wanted, free) * fit
  return total >= wanted ? longest : Math.max(minDraftCharacters, levelOf(lengths, total))
}

/** What the aggregate's window leaves to drafts, in characters of these drafts. */
function freeCharacters(
  { request: { body }, mixture: { maxDraftCharacters } }: MixtureRun,
  drafts: readonly Draft[],
  { model }: Pick<Aggregate, 'model'>,
): number {
  const { contextWindow } = model.card
  if (contextWindow === undefined) return Infinity
  const text = drafts.map((draft) => shortenText(shownText(draft), maxDraftCharacters)).join('\n')
  const charactersPerToken = text.length / Math.max(1, estimateTokens(text))
  const asked = body.max_completion_tokens ?? body.max_tokens ?? 0
  const reserve = Math.min(asked > 0 ? asked : answerTokens, contextWindow / 2)
  const historyTokens = estimateMessages(body.messages)
  return Math.max(0, contextWindow - historyTokens - reserve - blockTokens) * charactersPerToken
}

/** The level at which `lengths`, capped to it, add up to `total`. */
function levelOf(lengths: readonly number[], total: number): number {
  let left = total
  const ascending = lengths.toSorted((a, b) => a - b)
  for (const [index, length] of ascending.entries()) {
    const level = Math.floor(left / (ascending.length - index))
    if (length > level) return level
    left -= length
  }
  return Infinity
}
