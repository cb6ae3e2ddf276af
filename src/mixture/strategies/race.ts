import type { ChatEvent } from '../../chat/chat-event.ts'
import { aggregatePrompt, writeAnswer } from '../answer/aggregate.ts'
import type { WorkerCall } from '../drafts/ask-worker.ts'
import { bestDraft, type Draft } from '../drafts/draft.ts'
import { forwardableDrafts, forwardDraft, mayForward } from '../answer/forward-draft.ts'
import { abortStraggler, askWorkers, usableDrafts } from '../drafts/gather-drafts.ts'
import type { MixtureRun } from '../mixture-run.ts'
import type { Strategy } from './strategy.ts'

/**
 * Every worker is asked; the first whole draft that can be the answer is the answer, and all other workers are stopped
 * at once. For latency. A refusal or a draft that was cut off wins only where nobody has anything better. A worker that
 * has begun is not a draft: what it says could still fail, and could not be taken back.
 */
export const race = {
  prompts: [aggregatePrompt],
  asks: () => [],
  isForwarding: true,
  answer,
} as const satisfies Strategy

async function answer(run: MixtureRun): Promise<AsyncIterable<ChatEvent>> {
  const calls = askWorkers(run, run.mixture.workers)
  const winner = mayForward(run) ? await firstDraft(run, calls) : null
  if (winner) {
    run.context.span.set({ drafts: 1 })
    return forwardDraft(run, winner)
  }
  const drafts = await usableDrafts(run, calls)
  const best = bestDraft(forwardableDrafts(run, drafts))
  return best ? forwardDraft(run, best) : writeAnswer(run, drafts)
}

/** The first whole draft that has the form for the answer; null where all calls have ended without one. */
function firstDraft(run: MixtureRun, calls: readonly WorkerCall[]): Promise<Draft | null> {
  const running = new Set(calls)
  return new Promise((resolve) => {
    const hear = (call: WorkerCall, draft: Draft | undefined): void => {
      running.delete(call)
      if (draft?.flag === null && forwardableDrafts(run, [draft]).length > 0) {
        for (const loser of running) abortStraggler(run, loser)
        running.clear()
        resolve(draft)
      } else if (running.size === 0) resolve(null)
    }
    for (const call of calls) {
      void call.outcome.then(({ draft }) => {
        if (running.has(call)) hear(call, draft)
      })
    }
  })
}
