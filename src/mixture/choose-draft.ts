/** The aggregate says which draft is best; nobody rewrites it. */
import type { ChatRequest, ResponseFormat } from '../chat/chat-request.ts'
import { collectAnswer } from '../chat/collect-answer.ts'
import { errorCodeOf } from '../chat/errors.ts'
import { throwIfAborted } from '../chat/link-abort.ts'
import { withinDeadline } from '../chat/within-deadline.ts'
import { requestWithBlock } from './aggregate-request.ts'
import { withoutAnswerFields } from './answer-fields.ts'
import { draftBlock, numberDrafts } from './draft-block.ts'
import type { Draft } from './draft.ts'
import { draftsPrompt } from './drafts-prompt.ts'
import { draftInstead } from './forward-draft.ts'
import type { MixtureRun } from './mixture-run.ts'
import { parseChoice } from './parse-choice.ts'
import type { Aggregate } from './resolved-mixture.ts'
import { stripReasoning } from './strip-reasoning.ts'
import { withinSpan } from './within-span.ts'

/** Has the aggregate name the best draft by its number. */
export const selectPrompt = draftsPrompt('select')

/**
 * The one of `drafts` that the aggregate finds best. Where it cannot be asked, or its reply names none, the best by
 * weight; the span then says that the answer is degraded.
 */
export async function chooseDraft(run: MixtureRun, drafts: readonly Draft[]): Promise<Draft | undefined> {
  const numbered = numberDrafts(run, drafts)
  const reply = await firstReply(run, numbered)
  const number = reply === null ? null : parseChoice(stripReasoning(reply), numbered.length)
  run.context.span.note('draft_chosen', { draft: number })
  return number === null ? draftInstead(run, drafts) : numbered[number - 1]
}

/** Asks the aggregate and its fallbacks in turn; a server that refuses the strict form is asked for the same in words. */
async function firstReply(run: MixtureRun, numbered: readonly Draft[]): Promise<string | null> {
  for (const aggregate of run.mixture.aggregates) {
    for (const isStrict of [true, false]) {
      const { text, error } = await replyOf(run, aggregate, choiceRequest(run, aggregate, { numbered, isStrict }))
      if (text !== undefined) return text
      if (errorCodeOf(error) !== 'upstream_bad_request') break
    }
  }
  return null
}

async function replyOf(
  run: MixtureRun,
  { model }: Aggregate,
  request: ChatRequest,
): Promise<{ readonly text?: string; readonly error?: unknown }> {
  const { context } = run
  const span = context.span.child('aggregate', model.id)
  try {
    const answer = await collectAnswer(withinSpan(withinDeadline(model).chat(request, { ...context, span }), span))
    return { text: answer.text }
  } catch (error) {
    throwIfAborted(context.signal)
    context.span.note('aggregate_failed', { model: model.id, code: errorCodeOf(error) })
    return { error }
  }
}

interface Choice {
  readonly numbered: readonly Draft[]
  readonly isStrict: boolean
}

function choiceRequest(run: MixtureRun, aggregate: Aggregate, { numbered, isStrict }: Choice): ChatRequest {
  const block = draftBlock(run, selectPrompt, { numbered, aggregate, fit: 1 })
  const { body, options, caller } = requestWithBlock(run, aggregate, block)
  const strict = isStrict ? { temperature: 0, response_format: numberSchema(numbered.length) } : {}
  return { body: { ...withoutAnswerFields(body), stream: false, ...strict }, options, caller }
}

function numberSchema(count: number): ResponseFormat {
  const draft = { type: 'integer', enum: Array.from({ length: count }, (_, index) => index + 1) }
  const schema = { type: 'object', properties: { draft }, required: ['draft'], additionalProperties: false }
  return { type: 'json_schema', json_schema: { name: 'best_draft', strict: true, schema } }
}
