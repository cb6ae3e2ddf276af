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
 * An answer that breaks off after its first content is asked for once more where its reader can start over.
 */
export function retried(model: ChatModel, options: RetryOptions): ChatModel {
  return wrapModel(model, (request, context) =>
    tapEvents(async () => {
      const call = { model, request, context, ...options }
      const events = await begin(call)
      const mayBeginAgain = context.startOver !== null && options.maxRetries > 0
      return { events: mayBeginAgain ? beginAgain(call, events) : events }
    }),
  )
}

interface RetriedCall extends RetryOptions {
  readonly model: ChatModel
  readonly request: ChatRequest
  readonly context: CallContext
}

/** The events of the first attempt that has content. */
async function begin(call: RetriedCall): Promise<AsyncIterable<ChatEvent>> {
  const tries = new SecondTries(call)
  try {
    for (let retries = 0; ; retries += 1) {
      try {
        return await begunEvents(call)
      } catch (error) {
        if (retries === call.maxRetries) throw error
        await tries.wait(retries, error)
      }
    }
  } finally {
    tries.end()
  }
}

/** The same events; where they break off, those of one more attempt, before which the reader starts over. */
function beginAgain(call: RetriedCall, events: AsyncIterable<ChatEvent>): AsyncIterableIterator<ChatEvent> {
  let current = events[Symbol.asyncIterator]()
  let mayResume = true
  let hasLeft = false
  const resume = async (error: unknown): Promise<IteratorResult<ChatEvent>> => {
    if (!mayResume) throw error
    mayResume = false
    const tries = new SecondTries(call)
    try {
      await tries.wait(0, error)
      if (hasLeft) throw error
      call.context.startOver?.()
      current = (await begunEvents(call))[Symbol.asyncIterator]()
    } finally {
      tries.end()
    }
    return current.next()
  }
  const resumed: AsyncIterableIterator<ChatEvent> = {
    [Symbol.asyncIterator]: () => resumed,
    next: () => current.next().catch(resume),
    return: () => {
      hasLeft = true
      mayResume = false
      return current.return?.() ?? Promise.resolve({ done: true, value: undefined })
    },
  }
  return resumed
}

/** The tries of a call after its first, as long as it counts for the budget of its upstream. */
class SecondTries {
  readonly #call: RetriedCall
  readonly #leave: (() => void) | undefined
  #giveBack: (() => void) | null | undefined

  constructor(call: RetriedCall) {
    this.#call = call
    this.#leave = call.budget?.enter()
  }

  /**
   * Waits until the call may be made again.
   *
   * @throws `error`, why it failed, where it may not
   */
  async wait(retries: number, error: unknown): Promise<void> {
    const { model, context, budget, random = Math.random } = this.#call
    const waitMs = waitBefore(retries, error, random)
    if (waitMs === null || !hasTimeFor(this.#call, waitMs)) throw error
    throwIfAborted(context.signal)
    if (budget && !this.#giveBack) this.#giveBack = budget.take()
    if (this.#giveBack === null) throw error
    context.span.note('retry', { model: model.id, code: errorCodeOf(error), waitMs })
    await sleep(context.clock, waitMs, context.signal)
  }

  end(): void {
    this.#giveBack?.()
    this.#leave?.()
  }
}

/** Makes an attempt and reads what says nothing yet, so that a failed one leaves no role chunk behind. */
async function begunEvents({ model, request, context }: RetriedCall): Promise<AsyncIterable<ChatEvent>> {
  const iterator = model.chat(request, context)[Symbol.asyncIterator]()
  const read: ChatEvent[] = []
  for (;;) {
    const next = await iterator.next()
    if (next.done === true) return resumeEvents(read, iterator)
    read.push(next.value)
    if (next.value.type === 'end' || carriesContent(next.value)) return resumeEvents(read, iterator)
  }
}

/** Twice what the call is expected to take, after the wait: a try that is cut off by the deadline is paid for and lost. */
function hasTimeFor({ model, request, context }: RetriedCall, waitMs: number): boolean {
  const { clock, deadline } = context
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
