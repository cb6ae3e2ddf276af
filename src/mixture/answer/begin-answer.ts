import type { ChatEvent } from '../../chat/chat-event.ts'
import type { ChatRequest } from '../../chat/chat-request.ts'
import { errorCodeOf, RequestError } from '../../chat/errors.ts'
import { throwIfAborted } from '../../chat/link-abort.ts'
import { withinDeadline } from '../../chat/within-deadline.ts'
import type { MixtureRun } from '../mixture-run.ts'
import type { Aggregate } from '../resolved-mixture.ts'
import { wantsForm } from './response-format.ts'
import { untilEnd } from './until-end.ts'
import { untilFirstContent } from './until-first-content.ts'
import { withinSpan } from './within-span.ts'

/** An answer that has begun, or why none has. */
export type Attempt = BegunAnswer | { readonly events: null; readonly error: unknown }

export interface BegunAnswer {
  readonly events: AsyncIterable<ChatEvent>
  readonly aggregate: Aggregate
  /** What the aggregate was sent. */
  readonly request: ChatRequest
  readonly error?: never
}

/** What an aggregate is sent; `fit`, 0 to 1, is how much of the room for drafts is used. */
export type RequestOf = (aggregate: Aggregate, fit: number) => ChatRequest

/**
 * Asks the aggregate and its fallbacks in turn until one has begun to answer; with less of `fit` where it was too much. Where
 * none has, the error is the last one; that the request is wrong counts only where all of them say so.
 */
export async function firstToAnswer(run: MixtureRun, fits: readonly number[], requestOf: RequestOf): Promise<Attempt> {
  let failed: Attempt = { events: null, error: undefined }
  for (const aggregate of run.mixture.aggregates) {
    for (const fit of fits) {
      const attempt = await beginAnswer(run, aggregate, requestOf(aggregate, fit))
      if (attempt.events) return attempt
      if (failed.error === undefined || !isClientsFault(attempt.error)) failed = attempt
      if (errorCodeOf(attempt.error) !== 'context_length_exceeded') break
    }
  }
  return failed
}

/** The request itself is wrong, as far as one model can tell. */
export function isClientsFault(error: unknown): boolean {
  return error instanceof RequestError || errorCodeOf(error) === 'upstream_bad_request'
}

/** Asks one aggregate and waits for its first content; for all of it where the client is to see nothing before. */
export async function beginAnswer(run: MixtureRun, aggregate: Aggregate, request: ChatRequest): Promise<Attempt> {
  const { context } = run
  const { model } = aggregate
  const span = context.span.child('aggregate', model.id)
  const events = withinDeadline(model).chat(request, { ...context, span })
  try {
    const begun = await (isHeldBack(run) ? untilEnd : untilFirstContent)(withinSpan(events, span))
    context.span.set({ model: model.id })
    return { events: begun, aggregate, request }
  } catch (error) {
    throwIfAborted(context.signal)
    context.span.note('aggregate_failed', { model: model.id, code: errorCodeOf(error) })
    return { events: null, error }
  }
}

/** Whatever the upstream does: some stream although they were not asked to. */
function isHeldBack({ request: { body } }: MixtureRun): boolean {
  return body.stream !== true || wantsForm(body.response_format)
}
