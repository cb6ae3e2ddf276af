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
/** Timers ring up to a millisecond before their time. */
const earlyMs = 1

/**
 * Makes a call again that failed in a way that may pass, until its first content has been handed up. The delays double
 * and are drawn at random up to their limit (full jitter), so that callers who failed together do not return together;
 * where an upstream says how long to wait, that counts, and while the breaker refuses calls for it, nobody is asked: that is
 * waited for too, 15 s at most in all, and uses up no attempt. Nothing is tried again for which the deadline leaves too little.
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
  const attempts = new Attempts(call)
  try {
    for (let retries = 0; ; retries += 1) {
      try {
        return await attempts.make()
      } catch (error) {
        if (retries === call.maxRetries) throw error
        await attempts.waitAfter(error, retries)
      }
    }
  } finally {
    attempts.end()
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
    const attempts = new Attempts(call)
    try {
      await attempts.waitAfter(error, 0)
      if (hasLeft) throw error
      call.context.startOver?.()
      current = (await attempts.make())[Symbol.asyncIterator]()
    } finally {
      attempts.end()
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

/** The attempts of a call, as long as it counts for the budget of its upstream. */
class Attempts {
  readonly #call: RetriedCall
  readonly #leave: (() => void) | undefined
  #giveBack: (() => void) | null | undefined
  /** Since the upstream was last asked. */
  #waitedMs = 0

  constructor(call: RetriedCall) {
    this.#call = call
    this.#leave = call.budget?.enter()
  }

  /** Makes an attempt. One that is refused because the model's rate is limited, so that nobody was asked, is none: it waits. */
  async make(): Promise<AsyncIterable<ChatEvent>> {
    for (;;) {
      try {
        return await begunEvents(this.#call)
      } catch (error) {
        const waitMs = waitWhileRefused(error)
        if (waitMs === null || this.#call.maxRetries === 0) throw error
        await this.#wait(waitMs, { event: 'cooldown', error })
      }
    }
  }

  /**
   * Waits until the next attempt may be made.
   *
   * @throws `error`, why the last one failed, where none may be
   */
  async waitAfter(error: unknown, retries: number): Promise<void> {
    const { budget, random = Math.random } = this.#call
    const waitMs = waitBefore(retries, error, random)
    if (waitMs === null) throw error
    this.#waitedMs = 0
    if (budget && !this.#giveBack) this.#giveBack = budget.take()
    if (this.#giveBack === null) throw error
    await this.#wait(waitMs, { event: 'retry', error })
  }

  end(): void {
    this.#giveBack?.()
    this.#leave?.()
  }

  async #wait(waitMs: number, { event, error }: { readonly event: string; readonly error: unknown }): Promise<void> {
    const { model, context } = this.#call
    this.#waitedMs += waitMs
    if (this.#waitedMs > longestWaitMs || !hasTimeFor(this.#call, waitMs)) throw error
    throwIfAborted(context.signal)
    context.span.note(event, { model: model.id, code: errorCodeOf(error), waitMs })
    await sleep(context.clock, waitMs + earlyMs, context.signal)
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
  if (!(error instanceof UpstreamError) || error.retryAfterMs === null)
    return random() * Math.min(longestDelayMs, firstDelayMs * 2 ** retries)
  return error.wasAsked ? error.retryAfterMs : null
}

/** Milliseconds until the rate is said to be limited no longer; null for any other error. */
function waitWhileRefused(error: unknown): number | null {
  return error instanceof UpstreamError && error.isRetryable && !error.wasAsked ? error.retryAfterMs : null
}
