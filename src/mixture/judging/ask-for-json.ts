/** The aggregate is asked something about the drafts before there is an answer; its reply is for us, not for the client. */
import type { ChatRequest } from '../../chat/chat-request.ts'
import { collectAnswer } from '../../chat/collect-answer.ts'
import { errorCodeOf } from '../../chat/errors.ts'
import { throwIfAborted } from '../../chat/link-abort.ts'
import { strictFormat } from '../../chat/strict-format.ts'
import { withinDeadline } from '../../chat/within-deadline.ts'
import { requestWithBlock } from '../answer/aggregate-request.ts'
import { withoutAnswerFields } from '../answer/answer-fields.ts'
import { draftBlock } from '../block/draft-block.ts'
import type { Draft } from '../drafts/draft.ts'
import type { DraftsPrompt } from '../block/drafts-prompt.ts'
import type { MixtureRun } from '../mixture-run.ts'
import type { Aggregate } from '../resolved-mixture.ts'
import { stripReasoning } from '../drafts/strip-reasoning.ts'
import { emptyAnswerError } from '../answer/require-answer.ts'
import { withinSpan } from '../answer/within-span.ts'

export interface JsonQuestion {
  readonly prompt: DraftsPrompt
  /** In the order in which they are numbered. */
  readonly numbered: readonly Draft[]
  /** The name and the properties of the JSON object that is wanted; all of them are required. */
  readonly form: { readonly name: string; readonly properties: Readonly<Record<string, object>> }
}

/**
 * The reply of the aggregate, or of its fallbacks in turn, without reasoning; null where none of them gives one. A server
 * that refuses the strict form is asked for the same in words, so the reply has to be read leniently.
 */
export async function askForJson(run: MixtureRun, question: JsonQuestion): Promise<string | null> {
  for (const aggregate of run.mixture.aggregates) {
    for (const isStrict of [true, false]) {
      const request = questionRequest(run, aggregate, { ...question, isStrict })
      const { text, error } = await replyOf(run, aggregate, { request, asks: question.prompt.name })
      if (text !== undefined) return text
      if (errorCodeOf(error) !== 'upstream_bad_request') break
    }
  }
  return null
}

async function replyOf(
  run: MixtureRun,
  { model }: Aggregate,
  { request, asks }: { readonly request: ChatRequest; readonly asks: string },
): Promise<{ readonly text?: string; readonly error?: unknown }> {
  const { context } = run
  const span = context.span.child('aggregate', model.id, { asks })
  try {
    const answer = await collectAnswer(withinSpan(withinDeadline(model).chat(request, { ...context, span }), span))
    const text = stripReasoning(answer.text)
    if (text === '') throw emptyAnswerError()
    return { text }
  } catch (error) {
    throwIfAborted(context.signal)
    context.span.note('aggregate_failed', { model: model.id, code: errorCodeOf(error) })
    return { error }
  }
}

function questionRequest(
  run: MixtureRun,
  aggregate: Aggregate,
  { prompt, numbered, form, isStrict }: JsonQuestion & { readonly isStrict: boolean },
): ChatRequest {
  const block = draftBlock(run, prompt, { numbered, aggregate, fit: 1 })
  const { body, options, caller } = requestWithBlock(run, aggregate, block)
  const strict = isStrict ? { temperature: 0, response_format: strictFormat(form.name, form.properties) } : {}
  return { body: { ...withoutAnswerFields(body), stream: false, ...strict }, options, caller }
}
