/**
 * Workers are asked all at once. As soon as a quorum of them has a usable draft, the rest get a grace period and are
 * then stopped upstream, because nobody should pay for what nobody reads. A worker that fails costs its draft, never
 * the request.
 */
import { MixtureError, type WorkerFailure } from '../../chat/errors.ts'
import { throwIfAborted } from '../../chat/link-abort.ts'
import { askWorker, type WorkerCall, type WorkerOutcome } from './ask-worker.ts'
import type { Draft } from './draft.ts'
import type { MixtureRun } from '../mixture-run.ts'
import type { ResolvedMixture, Worker } from '../resolved-mixture.ts'
import { sharedFaultOf } from './shared-fault.ts'
import { turnedAwayOf } from './turned-away.ts'

/** The usable drafts of all workers. */
export function gatherDrafts(run: MixtureRun): Promise<readonly Draft[]> {
  return usableDrafts(run, askWorkers(run, run.mixture.workers))
}

/** Asks these workers, all at once; a note `worker_done` says when each has ended. */
export function askWorkers(run: MixtureRun, workers: readonly Worker[]): readonly WorkerCall[] {
  return workers.map((worker) => {
    const call = askWorker(run, worker)
    void call.outcome.then(({ failure }) => {
      run.context.span.note('worker_done', { worker: worker.label, outcome: failure?.code ?? 'ok' })
    })
    return call
  })
}

/**
 * The usable drafts of calls that have gone out, at least one, in the order of the calls. Where they are fewer than are
 * wanted, the span says so in `degraded`. Where too few are usable, those of the round before take their place.
 *
 * @throws MixtureError `all_workers_failed` with every worker's reason where no draft is usable, or the code of the fault that
 * all have found with the request; `insufficient_workers` where they are fewer than the mixture must have
 */
export async function usableDrafts(run: MixtureRun, calls: readonly WorkerCall[]): Promise<readonly Draft[]> {
  const { mixture, context } = run
  const ended = await enoughOutcomes(run, calls)
  throwIfAborted(context.signal)
  const drafts = calls.flatMap((call) => {
    const outcome = ended.get(call)
    return (outcome ? outcome.draft : abortStraggler(run, call)) ?? []
  })
  const failures = calls.flatMap((call) => ended.get(call)?.failure ?? [])
  const isEnough = drafts.length >= Math.max(1, Math.min(mixture.minWorkers, calls.length))
  const usable = isEnough ? drafts : run.roundBefore?.numbered
  if (!usable) throw tooFew(mixture, drafts.length, failures)
  const degraded = drafts.length < run.wantedDrafts ? { degraded: `${drafts.length}/${run.wantedDrafts}` } : {}
  context.span.set({ drafts: usable.length, ...degraded })
  return usable
}

/** What has come in when every call has ended, or when the grace after the quorum has. */
function enoughOutcomes(
  { mixture, quorum, context: { span, clock } }: MixtureRun,
  calls: readonly WorkerCall[],
): Promise<ReadonlyMap<WorkerCall, WorkerOutcome>> {
  const ended = new Map<WorkerCall, WorkerOutcome>()
  return new Promise((resolve) => {
    let usable = 0
    let cancelGrace: (() => void) | undefined
    const close = (): void => {
      cancelGrace?.()
      resolve(new Map(ended))
    }
    const hear = (call: WorkerCall, outcome: WorkerOutcome): void => {
      ended.set(call, outcome)
      usable += outcome.draft ? 1 : 0
      if (ended.size === calls.length) close()
      else if (outcome.draft && usable === quorum) {
        span.note('quorum_reached', { drafts: usable })
        cancelGrace = clock.after(mixture.graceMs, close)
      }
    }
    for (const call of calls) {
      void call.outcome.then((outcome) => {
        hear(call, outcome)
      })
    }
  })
}

/** Ends a call that nobody waits for any more; gives what was said so far, null where that is too little. */
export function abortStraggler({ context: { span } }: MixtureRun, call: WorkerCall): Draft | null {
  const draft = call.cutOff()
  span.note('straggler_aborted', { worker: call.worker.label, usesPartial: draft !== null })
  return draft
}

function tooFew({ id, minWorkers }: ResolvedMixture, usable: number, failures: readonly WorkerFailure[]): MixtureError {
  const reasons = failures.map(({ worker, code }) => `${worker}: ${code}`).join(', ')
  if (usable > 0) {
    const message = `Only ${usable} of the ${minWorkers} drafts that the mixture "${id}" must have are usable (${reasons}).`
    return new MixtureError('insufficient_workers', message, failures)
  }
  const [first] = failures
  const fault = sharedFaultOf(failures)
  if (fault && first) return new MixtureError(fault, first.message, failures)
  const limit = turnedAwayOf(failures)
  const advice = limit?.retryAfterMs === undefined ? '' : ` Try again in ${Math.ceil(limit.retryAfterMs / 1000)} s.`
  const message = `No worker of the mixture "${id}" gave a usable draft (${reasons}).${advice}`
  return new MixtureError('all_workers_failed', message, failures)
}
