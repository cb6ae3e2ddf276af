import type { CallContext, Span } from '../chat/call-context.ts'
import { AnswerFold } from '../chat/collect-answer.ts'
import { createDeadline } from '../chat/deadline.ts'
import { CancelledError, errorCodeOf, isMollmrError, MixtureError, UpstreamError, type WorkerFailure } from '../chat/errors.ts'
import { linkAbort } from '../chat/link-abort.ts'
import { withinDeadline } from '../chat/within-deadline.ts'
import { type Draft, draftOf, partialDraftOf } from './draft.ts'
import type { MixtureRun } from './mixture-run.ts'
import type { Worker } from './resolved-mixture.ts'
import { withinSpan } from './within-span.ts'
import { workerRequest } from './worker-request.ts'

/** A call to a worker that has begun. */
export interface WorkerCall {
  readonly worker: Worker
  /** Never rejects. */
  readonly outcome: Promise<WorkerOutcome>
  /** Ends the call upstream; gives what was said so far as a draft, null where that is too little. */
  cutOff(): Draft | null
}

export type WorkerOutcome =
  | { readonly draft: Draft; readonly failure?: never }
  | { readonly draft?: never; readonly failure: WorkerFailure }

/** Asks one worker for a draft. The call has gone out when this returns. */
export function askWorker(run: MixtureRun, worker: Worker): WorkerCall {
  const { context } = run
  const link = linkAbort(context.signal)
  const span = context.span.child('worker', worker.label, { sample: worker.sample })
  const deadline = createDeadline(context.clock, worker.deadline, context.deadline)
  const call = new DraftInTheMaking(run, worker, { ...context, signal: link.signal, deadline, span })
  return {
    worker,
    outcome: call.outcome().finally(link.release),
    cutOff: () => {
      const draft = call.partialDraft()
      link.abort(new CancelledError())
      return draft
    },
  }
}

class DraftInTheMaking {}
