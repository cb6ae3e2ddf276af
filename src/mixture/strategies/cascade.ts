import type { ChatEvent } from '../../chat/chat-event.ts'
import { aggregatePrompt, writeAnswer } from '../answer/aggregate.ts'
import { throwIfAborted } from '../../chat/link-abort.ts'
import type { WorkerCall } from '../drafts/ask-worker.ts'
import { chooseDraft, selectPrompt } from '../judging/choose-draft.ts'
import { doAgree } from '../judging/do-agree.ts'
import { bestDraft, type Draft } from '../drafts/draft.ts'
import { forwardableDrafts, forwardDraft, soleDraft } from '../answer/forward-draft.ts'
import { askWorkers, usableDrafts } from '../drafts/gather-drafts.ts'
import { leadingDrafts } from '../judging/leading-drafts.ts'
import type { MixtureRun } from '../mixture-run.ts'
import type { ResolvedMixture, Worker } from '../resolved-mixture.ts'
import type { Strategy } from './strategy.ts'

/**
 * The first `firstWorkers` are asked: the cheapest where every worker has a price, else the first of the definition.
 * Where they agree, their answer is the answer and nobody else is asked. Where they do not, or one of them fails, the
 * others are asked as well and all drafts vote; without final answers to vote on, the aggregate writes the answer.
 */
export const cascade = {
  prompts: [selectPrompt, aggregatePrompt],
  asks: () => ['answer'],
  least: firstOf,
  isForwarding: true,
  answer,
} as const satisfies Strategy

async function answer(run: MixtureRun): Promise<AsyncIterable<ChatEvent>> {
  const begin = firstOf(run.mixture)
  const first = askWorkers(run, begin)
  const rest = cheapestFirst(run.mixture.workers).slice(begin.length)
  const agreed = await agreedDrafts(run, first)
  if (agreed) {
    run.context.span.set({ drafts: agreed.length, spared: rest.length })
    run.context.span.note('drafts_agree', { drafts: agreed.length, spared: rest.length })
    const best = bestDraft(forwardableDrafts(run, agreed))
    return best ? forwardDraft(run, best) : writeAnswer(run, agreed)
  }
  if (rest.length > 0) run.context.span.note('escalated', { workers: rest.length })
  return elected(run, await usableDrafts(run, [...first, ...askWorkers(run, rest)]))
}

/** Who is asked in any case. */
function firstOf({ workers, firstWorkers, minWorkers }: ResolvedMixture): readonly Worker[] {
  return cheapestFirst(workers).slice(0, Math.max(firstWorkers, minWorkers))
}

/** The drafts of these calls where all of them have come and say the same; null as soon as that can no longer be. */
async function agreedDrafts(run: MixtureRun, calls: readonly WorkerCall[]): Promise<readonly Draft[] | null> {
  const drafts = calls.map(async ({ outcome }) => (await outcome).draft ?? Promise.reject(new Error('No draft.')))
  const all = await Promise.all(drafts).catch(() => null)
  throwIfAborted(run.context.signal)
  return all && doAgree(all) ? all : null
}

async function elected(run: MixtureRun, drafts: readonly Draft[]): Promise<AsyncIterable<ChatEvent>> {
  const leading = leadingDrafts(forwardableDrafts(run, drafts))
  const winner = leading.length > 1 ? await chooseDraft(run, drafts, leading) : (leading[0] ?? soleDraft(run, drafts))
  return winner ? forwardDraft(run, winner) : writeAnswer(run, drafts)
}

/** By what a token in and a token out cost together; in the order of the definition where that is not known of all. */
function cheapestFirst(workers: readonly Worker[]): readonly Worker[] {
  const priced = workers.flatMap((worker) => {
    const { price } = worker.model.card
    return price ? [{ worker, cost: price.input + price.output }] : []
  })
  if (priced.length < workers.length) return workers
  return priced.sort((a, b) => a.cost - b.cost).map(({ worker }) => worker)
}
