import { AnswerFold } from '../chat/collect-answer.ts'
import { createDeadline } from '../chat/deadline.ts'
import { CancelledError, errorCodeOf, MixtureError, UpstreamError, type WorkerFailure } from '../chat/errors.ts'
import { linkAbort } from '../chat/link-abort.ts'
import { withinDeadline } from '../chat/within-deadline.ts'
import { type Draft, draftOf, partialDraftOf } from './draft.ts'
import type { MixtureRun } from './mixture-run.ts'
import type { Worker } from './resolved-mixture.ts'
import { withinSpan } from './within-span.ts'
import { rateLimitOf } from './rate-limit.ts'
import { workerRequest } from './worker-request.ts'

/** A call to a worker that has gone out. */
export interface WorkerCall {
  readonly worker: Worker
  /** Never rejects. */
  readonly outcome: Promise<WorkerOutcome>
  /** Ends the call upstream; gives what was said so far as a draft, null where that is too little. */
  readonly cutOff: () => Draft | null
}

export type WorkerOutcome =
  { readonly draft: Draft; readonly failure?: never } | { readonly draft?: never; readonly failure: WorkerFailure }

/** Asks one worker for a draft. */
export function askWorker(run: MixtureRun, worker: Worker): WorkerCall {
  const link = linkAbort(run.context.signal)
  const span = run.context.span.child('worker', worker.label, { sample: worker.sample })
  const deadline = createDeadline(run.context.clock, worker.deadline, run.context.deadline)
  const request = workerRequest(run, worker)
  const source = { worker, span, messages: request.body.messages }
  const said = new AnswerFold()

  const listen = async (): Promise<WorkerOutcome> => {
    const context = { ...run.context, signal: link.signal, deadline, span }
    const events = withinDeadline(worker.model).chat(request, context)
    for await (const event of withinSpan(events, span)) said.add(event)
    return { draft: draftOf(said.answer(), source) }
  }
  const giveUp = (error: unknown): WorkerOutcome => {
    const partial = isTimeout(error) ? partialDraftOf(said.text, source) : null
    return partial ? { draft: partial } : { failure: workerFailureOf(worker, error) }
  }
  const cutOff = (): Draft | null => {
    link.abort(new CancelledError())
    return partialDraftOf(said.text, source)
  }
  return { worker, outcome: listen().catch(giveUp).finally(link.release), cutOff }
}

/** A worker that ran out of time is a straggler that nobody had to stop. */
function isTimeout(error: unknown): boolean {
  const code = errorCodeOf(error)
  return code === 'upstream_timeout' || code === 'upstream_idle_timeout'
}

/** A nested mixture whose workers were all turned away for now says so in the name of all: the caller should wait. */
function workerFailureOf({ label }: Worker, error: unknown): WorkerFailure {
  const message = error instanceof Error ? error.message : String(error)
  const limit = error instanceof MixtureError ? rateLimitOf(error.failures) : null
  if (limit) return { worker: label, message, ...limit }
  const retryAfterMs = error instanceof UpstreamError ? error.retryAfterMs : null
  return { worker: label, code: errorCodeOf(error), message, ...(retryAfterMs === null ? {} : { retryAfterMs }) }
}
