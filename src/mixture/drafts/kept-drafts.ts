import { adviceOf } from '../tools/advise.ts'
import { bearsTools } from '../tools/bears-tools.ts'
import { draftKeyOf } from './draft-key.ts'
import type { MixtureRun } from '../mixture-run.ts'
import type { Worker } from '../resolved-mixture.ts'
import { workerRequest } from './worker-request.ts'

/** What a request need not pay for because it has been paid for. */
export interface KeptDrafts {
  /** False where no worker is asked and there is nothing of theirs: tools are at work, and what they advised is gone. */
  readonly isAsked: boolean
  has(worker: Worker): boolean
}

const none: KeptDrafts = { isAsked: true, has: () => false }

/** Looked up before anybody is asked. */
export function keptDraftsOf(run: MixtureRun): KeptDrafts {
  const { mixture, request, stageCache, context } = run
  if (run.workersAct || !bearsTools(request.body)) {
    return {
      isAsked: true,
      has: (worker) => {
        const key = draftKeyOf(run, worker, workerRequest(run, worker))
        return key !== null && stageCache.recall(key, context.clock.now()) !== null
      },
    }
  }
  if (mixture.tools === 'every_turn') return none
  const { kept, isGone } = adviceOf(run)
  return { isAsked: !isGone, has: ({ label }) => kept?.some(({ worker }) => worker === label) ?? false }
}
