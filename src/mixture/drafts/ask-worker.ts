import type { ChatRequest } from '../../chat/chat-request.ts'
import type { Answer } from '../../chat/collect-answer.ts'
import { createDeadline } from '../../chat/deadline.ts'
import {
  CancelledError,
  errorCodeOf,
  MixtureError,
  retryAfterOf,
  UpstreamError,
  type WorkerFailure,
} from '../../chat/errors.ts'
import { linkAbort } from '../../chat/link-abort.ts'
import { withinDeadline } from '../../chat/within-deadline.ts'
import {
  contentOf,
  type Draft,
  type DraftContent,
  draftFrom,
  draftOf,
  type DraftSource,
  partialDraftOf,
} from './draft.ts'
import { draftKeyOf, isRepeated } from './draft-key.ts'
import type { MixtureRun } from '../mixture-run.ts'
import type { Worker } from '../resolved-mixture.ts'
import { SharedCall, type Waiter } from './shared-call.ts'
import { turnedAwayOf } from './turned-away.ts'
import { mayAct, workerRequest } from './worker-request.ts'

/** A call to a worker that has gone out. */
export interface WorkerCall {
  readonly worker: Worker
  /** Never rejects. */
  readonly outcome: Promise<WorkerOutcome>
  /** Leaves the call, which ends it upstream unless others wait; gives what was said so far, null where that is too little. */
  readonly cutOff: () => Draft | null
}

export type WorkerOutcome =
  { readonly draft: Draft; readonly failure?: never } | { readonly draft?: never; readonly failure: WorkerFailure }

/** Asks one worker for a draft, or takes the one that it has just given to the same request. */
export function askWorker(run: MixtureRun, worker: Worker): WorkerCall {
  const request = workerRequest(run, worker)
  const key = draftKeyOf(run, worker, request)
  const span = run.context.span.child('worker', worker.label, {
    sample: worker.sample,
    ...(run.roundBefore ? { layer: run.roundBefore.layer + 1 } : {}),
  })
  const source = { worker, span, messages: request.body.messages, mayAct: mayAct(run, worker) }
  const [kept] = (key !== null && run.stageCache.recall(key, run.context.clock.now())) || []
  return kept ? reusedCall(kept, source) : madeCall(run, { key, request, source })
}

function reusedCall(kept: DraftContent, source: DraftSource): WorkerCall {
  source.span.set({ reused: true })
  source.span.end('ok')
  const draft = draftFrom(kept, source)
  return { worker: source.worker, outcome: Promise.resolve({ draft }), cutOff: () => draft }
}

interface DraftQuestion {
  /** Null where nobody else may have the draft. */
  readonly key: string | null
  readonly request: ChatRequest
  readonly source: DraftSource
}

function madeCall(run: MixtureRun, question: DraftQuestion): WorkerCall {
  const { key, source } = question
  const { worker, span } = source
  const link = linkAbort(run.context.signal)
  const waiter = { span, signal: link.signal }
  const call = openCall(run, question, waiter)
  let running: SharedCall | null = call
  let ended: Draft | null = null
  const usable = (): Draft | null => (running ? partialDraftOf(running.text, source) : ended)

  const listen = async (answer: Promise<Answer>): Promise<WorkerOutcome> => {
    const draft = draftOf(await answer, source)
    span.end('ok')
    if (key !== null) keepDraft(run, key, draft)
    return { draft }
  }
  const giveUp = (error: unknown): WorkerOutcome => {
    span.end(errorCodeOf(error))
    const partial = isTimeout(error) ? usable() : null
    return partial ? { draft: partial } : { failure: workerFailureOf(worker, error) }
  }
  // Of a call that has ended only the draft is kept, while others are waited for.
  const settle = (outcome: WorkerOutcome): WorkerOutcome => {
    running = null
    ended = outcome.draft ?? null
    return outcome
  }
  const cutOff = (): Draft | null => {
    link.abort(new CancelledError())
    return usable()
  }
  const outcome = listen(call.answerFor(waiter)).catch(giveUp).then(settle).finally(link.release)
  return { worker, outcome, cutOff }
}

/** Joins the call that runs for the same request where that is meant, else makes one. */
function openCall(run: MixtureRun, { key, request, source }: DraftQuestion, waiter: Waiter): SharedCall {
  const { worker } = source
  const running = key === null ? undefined : run.stageCache.running(key)
  if (running?.canBeJoined(isRepeated(run.request))) {
    waiter.span.set({ joined: true })
    running.join(waiter)
    return running
  }
  const deadline = createDeadline(run.context.clock, worker.deadline, run.context.deadline)
  const call = new SharedCall(
    (parts) =>
      withinDeadline(worker.model).chat(request, { ...run.context, ...parts, deadline, budget: run.draftBudget }),
    waiter,
  )
  if (key !== null) run.stageCache.share(key, call)
  return call
}

function keepDraft({ stageCache, mixture, context: { clock } }: MixtureRun, key: string, draft: Draft): void {
  stageCache.keep(key, [{ ...contentOf(draft), worker: draft.worker.label }], {
    nowMs: clock.now(),
    forMs: mixture.reuseDraftsMs,
  })
}

/** A worker that ran out of time is a straggler that nobody had to stop. */
function isTimeout(error: unknown): boolean {
  const code = errorCodeOf(error)
  return code === 'upstream_timeout' || code === 'upstream_idle_timeout'
}

/** A nested mixture whose workers were all turned away for now says so in the name of all: the caller should wait. */
function workerFailureOf({ label }: Worker, error: unknown): WorkerFailure {
  const message = error instanceof Error ? error.message : String(error)
  const limit = error instanceof MixtureError ? turnedAwayOf(error.failures) : null
  if (limit) return { worker: label, message, ...limit }
  const retryAfterMs = retryAfterOf(error)
  return {
    worker: label,
    code: errorCodeOf(error),
    message,
    ...statusOf(error),
    ...(retryAfterMs === null ? {} : { retryAfterMs }),
  }
}

/** Of a fault with the request only: what else an upstream says by its status is between it and us. */
function statusOf(error: unknown): Pick<WorkerFailure, 'status'> {
  const isRefusal = errorCodeOf(error) === 'upstream_bad_request'
  const status = isRefusal && (error instanceof UpstreamError || error instanceof MixtureError) ? error.status : null
  return status === null ? {} : { status }
}
