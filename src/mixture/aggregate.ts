/**
 * The aggregate turns drafts into the answer. Its chunks go up as they come. Until the first of them has content, another
 * model may still take its place; after that a failure is the client's to see, never a second answer.
 */
import type { ChatEvent } from '../chat/chat-event.ts'
import type { ChatRequest } from '../chat/chat-request.ts'
import { errorCodeOf, RequestError } from '../chat/errors.ts'
import { throwIfAborted } from '../chat/link-abort.ts'
import { withTotal } from '../chat/with-total.ts'
import { withinDeadline } from '../chat/within-deadline.ts'
import { plainRequest, requestWithBlock } from './aggregate-request.ts'
import { draftBlock, numberDrafts } from './draft-block.ts'
import type { Draft } from './draft.ts'
import { type DraftsPrompt, draftsPrompt } from './drafts-prompt.ts'
import { draftInstead, forwardDraft } from './forward-draft.ts'
import type { MixtureRun } from './mixture-run.ts'
import { ownAnswer } from './own-answer.ts'
import type { Aggregate } from './resolved-mixture.ts'
import { untilFirstContent } from './until-first-content.ts'
import { withinSpan } from './within-span.ts'

/** Has the aggregate write the answer. */
export const aggregatePrompt = draftsPrompt('aggregate')

/** How much of the room for drafts is used: a model that says it was too much is asked once more. */
const fits = [1, 0.25]

/** What the aggregate is asked with. */
interface Writing {
  readonly prompt?: DraftsPrompt
  /** Some of the drafts; default: all of them. */
  readonly shown?: readonly Draft[]
  /** What comparing them has come to; null where nobody did. */
  readonly comparison?: string | null
  /** False where a draft is no answer that could take the place of the aggregate's. */
  readonly standsIn?: boolean
}

/** The aggregate writes the answer out of the drafts; where it cannot, the best draft is the answer. */
export async function writeAnswer(
  run: MixtureRun,
  drafts: readonly Draft[],
  { prompt = aggregatePrompt, shown = drafts, comparison = null, standsIn = true }: Writing = {},
): Promise<AsyncIterable<ChatEvent>> {
  const numbered = numberDrafts(run, shown)
  const attempt = await firstToAnswer(run, fits, (aggregate, fit) =>
    requestWithBlock(run, aggregate, draftBlock(run, prompt, { numbered, aggregate, fit, comparison })),
  )
  if (attempt.events) return ownAnswer(run, attempt)
  const best = !standsIn || isClientsFault(attempt.error) ? undefined : draftInstead(run, drafts, shown)
  if (!best) throw attempt.error
  return forwardDraft(run, best)
}

/** The aggregate answers alone and its answer goes up as it is. */
export async function askAggregateAlone(run: MixtureRun): Promise<AsyncIterable<ChatEvent>> {
  const { events, error } = await firstToAnswer(run, [1], (aggregate) => plainRequest(run, aggregate))
  if (!events) throw error
  return withTotal(events, run.context.span)
}

type Attempt =
  | { readonly events: AsyncIterable<ChatEvent>; readonly request: ChatRequest; readonly error?: never }
  | { readonly events: null; readonly error: unknown }

/** Asks the aggregate and its fallbacks in turn until one has begun to answer. */
async function firstToAnswer(
  run: MixtureRun,
  tries: readonly number[],
  requestOf: (aggregate: Aggregate, fit: number) => ChatRequest,
): Promise<Attempt> {
  let attempt: Attempt = { events: null, error: undefined }
  for (const aggregate of run.mixture.aggregates) {
    for (const fit of tries) {
      attempt = await beginAnswer(run, aggregate, requestOf(aggregate, fit))
      if (attempt.events) return attempt
      if (errorCodeOf(attempt.error) !== 'context_length_exceeded') break
    }
  }
  return attempt
}

async function beginAnswer(run: MixtureRun, { model }: Aggregate, request: ChatRequest): Promise<Attempt> {
  const { context } = run
  const span = context.span.child('aggregate', model.id)
  const events = withinDeadline(model).chat(request, { ...context, span })
  try {
    const begun = await untilFirstContent(withinSpan(events, span))
    context.span.set({ model: model.id })
    return { events: begun, request }
  } catch (error) {
    throwIfAborted(context.signal)
    context.span.note('aggregate_failed', { model: model.id, code: errorCodeOf(error) })
    return { events: null, error }
  }
}

/** The request itself was wrong: a draft in its place would hide that from the one who can mend it. */
function isClientsFault(error: unknown): boolean {
  return error instanceof RequestError || errorCodeOf(error) === 'upstream_bad_request'
}
