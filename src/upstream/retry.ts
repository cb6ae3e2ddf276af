import type { CallContext } from '../chat/call-context.ts'
import { carriesContent, type ChatEvent } from '../chat/chat-event.ts'
import { type ChatModel, wrapModel } from '../chat/chat-model.ts'
import type { ChatRequest } from '../chat/chat-request.ts'
import { sleep } from '../chat/clock.ts'
import { errorCodeOf, isMollmrError, UpstreamError } from '../chat/errors.ts'
import { throwIfAborted } from '../chat/link-abort.ts'
import { resumeEvents } from '../chat/resume-events.ts'
import { tapEvents } from '../chat/tap-events.ts'
import type { RetryBudget } from './retry-budget.ts'

export interface RetryOptions {
  /** Attempts after the first. */
  readonly maxRetries: number
  /** Shared by the models of an upstream. Default: no limit. */
  readonly budget?: RetryBudget
  /** 0 to 1. Default: `Math.random`. */
  readonly random?: () => number
}

const firstDelayMs = 250
const longestDelayMs = 8000
const longestWaitMs = 15_000

/**
 * Makes a call again that failed in a way that may pass, until its first content has been handed up. The delays double
 * and are drawn at random up to their limit (full jitter), so that callers who failed together do not return together;
 * where an upstream says how long to wait, that counts. Nothing is tried again for which the deadline leaves too little.
 */
export function retried(model: ChatModel, options: RetryOptions): ChatModel {
  return wrapModel(model, (request, context) =>
    tapEvents(async () => ({ events: await firstToLast({ model, ...options }, request, context) })),
  )
}

/** The events of the first attempt that has content. */
async function firstToLast(
  { model, maxRetries, budget, random = Math.random }: RetryOptions & { readonly model: ChatModel },
  request: ChatRequest,
  context: CallContext,
): Promise<AsyncIterable<ChatEvent>> {
  const leave = budget?.enter()
  let giveBack: (() => void) | null | undefined
  try {
    for (let retries = 0; ; retries += 1) {
      try {
        return await begunEvents(model.chat(request, context))
      } catch (error) {
        const waitMs = retries === maxRetries ? null : waitBefore(retries, error, random)
        if (waitMs === null || !hasTimeFor(model, request, { context, waitMs })) throw error
        throwIfAborted(context.signal)
        if (budget && !giveBack) giveBack = budget.take()
        if (giveBack === null) throw error
        context.span.note('retry', { model: model.id, code: errorCodeOf(error), waitMs })
        await sleep(context.clock, waitMs, context.signal)
      }
    }
  } finally {
    giveBack?.()
    leave?.()
  }
}

/** Reads what says nothing yet, so that a failed attempt leaves no role chunk behind. */
async function begunEvents(events: AsyncIterable<ChatEvent>): Promise<AsyncIterable<ChatEvent>> {
  const iterator = events[Symbol.asyncIterator]()
  const read: ChatEvent[] = []
  for (;;) {
    const next = await iterator.next()
    if (next.done === true) return resumeEvents(read, iterator)
    read.push(next.value)
    if (next.value.type === 'end' || carriesContent(next.value)) return resumeEvents(read, iterator)
  }
}

/** Twice what the call is expected to take, after the wait: a try that is cut off by the deadline is paid for and lost. */
function hasTimeFor(
  model: ChatModel,
  request: ChatRequest,
  { context: { clock, deadline }, waitMs }: { readonly context: CallContext; readonly waitMs: number },
): boolean {
  if (deadline.endsAtMs === Infinity) return true
  const expectedMs = model.explain?.(request, { clock, addedTokens: 0 }).estimate.ms ?? 0
  return clock.now() + waitMs + 2 * expectedMs < deadline.endsAtMs
}

/** Milliseconds; null where it should not be tried again. */
function waitBefore(retries: number, error: unknown, random: () => number): number | null {
  if (!isMollmrError(error) || !error.isRetryable) return null
  const asked = error instanceof UpstreamError ? error.retryAfterMs : null
  if (asked !== null) return asked <= longestWaitMs ? asked : null
  return random() * Math.min(longestDelayMs, firstDelayMs * 2 ** retries)
}
