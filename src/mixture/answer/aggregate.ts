/**
 * The aggregate turns drafts into the answer. Its chunks go up as they come. Until the first of them has content, another
 * model may still take its place; after that a failure is the client's to see, never a second answer.
 */
import type { ChatEvent } from '../../chat/chat-event.ts'
import { MixtureError } from '../../chat/errors.ts'
import { withTotal } from '../../chat/with-total.ts'
import { plainRequest, requestWithBlock } from './aggregate-request.ts'
import { type Attempt, firstToAnswer, isClientsFault, type RequestOf } from './begin-answer.ts'
import { choiceRequest, joinChoices } from './choices.ts'
import { draftBlock, numberDrafts } from '../block/draft-block.ts'
import type { Draft } from '../drafts/draft.ts'
import { type DraftsPrompt, draftsPrompt } from '../block/drafts-prompt.ts'
import { draftInstead, forwardDraft } from './forward-draft.ts'
import { inForm } from './in-form.ts'
import type { MixtureRun } from '../mixture-run.ts'
import { ownAnswer } from './own-answer.ts'

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
  const attempt = await attemptAnswer(run, (aggregate, fit) =>
    requestWithBlock(run, aggregate, draftBlock(run, prompt, { numbered, aggregate, fit, comparison })),
  )
  if (attempt.events) return ownAnswer(run, attempt)
  // A draft in its place would hide what is wrong with the request from the one who can mend it.
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

/**
 * For a mixture that may do without drafts: the aggregate alone, where no worker had one.
 *
 * @throws `error`, why there is no answer, where it is another reason
 */
export function answerWithoutDrafts(run: MixtureRun, error: unknown): Promise<AsyncIterable<ChatEvent>> {
  if (!(error instanceof MixtureError) || error.code === 'insufficient_workers') throw error
  run.context.span.set({ degraded: `0/${run.wantedDrafts}` })
  return askAggregateAlone(run)
}

/** The answer in the form that the client wants it in, or as many of them as it wants. */
async function attemptAnswer(run: MixtureRun, requestOf: RequestOf): Promise<Attempt> {
  const count = run.request.body.n ?? 1
  const attemptOf = async (request: RequestOf): Promise<Attempt> => inForm(run, await firstToAnswer(run, fits, request))
  if (count <= 1) return attemptOf(requestOf)
  const attempts = Array.from({ length: count }, (_, choice) =>
    attemptOf((aggregate, fit) => choiceRequest(requestOf(aggregate, fit), choice)),
  )
  return joinChoices(await Promise.all(attempts))
}
