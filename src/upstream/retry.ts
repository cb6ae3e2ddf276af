import type { CallContext } from '../chat/call-context.ts'
import { carriesContent, type ChatEvent } from '../chat/chat-event.ts'
import { type ChatModel, wrapModel } from '../chat/chat-model.ts'
import type { ChatRequest } from '../chat/chat-request.ts'
import { sleep } from '../chat/clock.ts'
import { isMollmrError, UpstreamError } from '../chat/errors.ts'
import { throwIfAborted } from '../chat/link-abort.ts'

export interface RetryOptions {
  /** Attempts after the first. */
  readonly maxRetries: number
  /** 0 to 1. Default: `Math.random`. */
  readonly random?: () => number
}

const firstDelayMs = 250
const longestDelayMs = 8000
const longestWaitMs = 15_000

/**
 * Makes a call again that failed in a way that may pass, until its first content has been handed up. The delays double
 * and are drawn at random up to their limit (full jitter), so that callers who failed together do not return together;
 * where an upstream says how long to wait, that counts.
 */
export function retried(model: ChatModel, options: RetryOptions): ChatModel {
  if (options.maxRetries === 0) return model
  return wrapModel(model, (request, context) => retriedChat({ model, ...options }, request, context))
}

async function* retriedChat(
  { model, maxRetries, random = Math.random }: RetryOptions & { readonly model: ChatModel },
  request: ChatRequest,
  context: CallContext,
): AsyncGenerator<ChatEvent> {
  for (let retries = 0; ; retries += 1) {
    const attempt = new Attempt()
    try {
      for await (const event of model.chat(request, context)) yield* attempt.pass(event)
      return
    } catch (error) {
      const waitMs = attempt.isCommitted || retries === maxRetries ? null : waitBefore(retries, error, random)
      if (waitMs === null || context.clock.now() + waitMs >= context.deadline.endsAtMs) throw error
      throwIfAborted(context.signal)
      context.span.note('retry', {
        model: model.id,
        code: isMollmrError(error) ? error.code : 'internal_error',
        waitMs,
      })
      await sleep(context.clock, waitMs, context.signal)
    }
  }
}

/** Holds back what says nothing yet, so that a failed attempt leaves no role chunk behind. */
class Attempt {
  #held: ChatEvent[] = []
  isCommitted = false

  pass(event: ChatEvent): readonly ChatEvent[] {
    if (this.isCommitted) return [event]
    this.#held.push(event)
    if (event.type !== 'end' && !carriesContent(event)) return []
    this.isCommitted = true
    return this.#held
  }
}

/** Milliseconds; null where it should not be tried again. */
function waitBefore(retries: number, error: unknown, random: () => number): number | null {
  if (!isMollmrError(error) || !error.isRetryable) return null
  const asked = error instanceof UpstreamError ? error.retryAfterMs : null
  if (asked !== null) return asked <= longestWaitMs ? asked : null
  return random() * Math.min(longestDelayMs, firstDelayMs * 2 ** retries)
}
