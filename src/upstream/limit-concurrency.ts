import type { CallContext } from '../chat/call-context.ts'
import type { ChatEvent } from '../chat/chat-event.ts'
import { type ChatModel, wrapModel } from '../chat/chat-model.ts'
import type { ChatRequest } from '../chat/chat-request.ts'
import { abortErrorOf, throwIfAborted } from '../chat/link-abort.ts'

/**
 * One line for all models that it wraps: at most `max` calls run at the same time, the rest wait in the order in which
 * they came. A server with one GPU answers two questions faster one after the other.
 */
export function limitConcurrency(max: number): (model: ChatModel) => ChatModel {
  const line = new WaitingLine(max)
  return (model) => wrapModel(model, (request, context) => limitedChat({ model, line }, request, context))
}

async function* limitedChat(
  { model, line }: { readonly model: ChatModel; readonly line: WaitingLine },
  request: ChatRequest,
  context: CallContext,
): AsyncGenerator<ChatEvent> {
  await line.enter(context.signal)
  try {
    for await (const event of model.chat(request, context)) yield event
  } finally {
    line.leave()
  }
}

class WaitingLine {
  #free: number
  readonly #waiting = new Set<() => void>()

  constructor(max: number) {
    this.#free = max
  }

  /** Resolves when it is this caller's turn; rejects, and leaves the line, where the signal aborts first. */
  async enter(signal: AbortSignal): Promise<void> {
    throwIfAborted(signal)
    if (this.#free > 0) {
      this.#free -= 1
      return
    }
    await new Promise<void>((resolve, reject) => {
      const abort = (): void => {
        this.#waiting.delete(proceed)
        reject(abortErrorOf(signal))
      }
      const proceed = (): void => {
        signal.removeEventListener('abort', abort)
        resolve()
      }
      signal.addEventListener('abort', abort, { once: true })
      this.#waiting.add(proceed)
    })
  }

  /** The place goes to the first in line. */
  leave(): void {
    const [next] = this.#waiting
    if (!next) {
      this.#free += 1
      return
    }
    this.#waiting.delete(next)
    next()
  }
}
