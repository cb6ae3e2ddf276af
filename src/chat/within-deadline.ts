import type { CallContext } from './call-context.ts'
import { carriesContent, type ChatEvent } from './chat-event.ts'
import { type ChatModel, wrapModel } from './chat-model.ts'
import type { ChatRequest } from './chat-request.ts'
import { UpstreamError } from './errors.ts'
import { linkAbort } from './link-abort.ts'
import { tapEvents } from './tap-events.ts'

/** Ends a call that misses a limit of `context.deadline` with `upstream_timeout` or `upstream_idle_timeout`. */
export function withinDeadline(model: ChatModel): ChatModel {
  return wrapModel(model, (request, context) => boundedChat(model, request, context))
}

function boundedChat(model: ChatModel, request: ChatRequest, context: CallContext): AsyncIterable<ChatEvent> {
  return tapEvents(() => {
    const link = linkAbort(context.signal)
    const watch = new DeadlineWatch(model.id, context, link.abort)
    return {
      events: model.chat(request, { ...context, signal: link.signal }),
      wait: () => {
        watch.wait()
      },
      pass: (event) => {
        watch.rest(carriesContent(event))
        return event
      },
      close: () => {
        watch.stop()
        link.release()
      },
    }
  })
}

/** Counts only the time spent waiting for the model, so that a slow reader is not taken for a slow model. */
class DeadlineWatch {
  readonly #modelId: string
  readonly #context: CallContext
  readonly #abort: (reason: UpstreamError) => void
  #cancelTimer: (() => void) | undefined
  #waitingSinceMs = 0
  #waiting = false
  #silentMs = 0
  #hasContent = false

  constructor(modelId: string, context: CallContext, abort: (reason: UpstreamError) => void) {
    this.#modelId = modelId
    this.#context = context
    this.#abort = abort
  }

  wait(): void {
    this.#waiting = true
    this.#waitingSinceMs = this.#context.clock.now()
    if (!this.#cancelTimer) this.#schedule()
  }

  rest(sawContent: boolean): void {
    this.#waiting = false
    this.#silentMs += this.#context.clock.now() - this.#waitingSinceMs
    if (!sawContent) return
    this.#silentMs = 0
    if (this.#hasContent) return
    this.#hasContent = true
    // From now on the idle limit counts, which may be shorter than what the timer was set to.
    this.#cancelTimer?.()
    this.#schedule()
  }

  stop(): void {
    this.#cancelTimer?.()
  }

  #schedule(): void {
    const leftMs = Math.min(this.#silenceLeftMs(), this.#totalLeftMs())
    if (leftMs === Infinity) return
    this.#cancelTimer = this.#context.clock.after(Math.max(1, Math.ceil(leftMs)), () => {
      this.#check()
    })
  }

  #check(): void {
    if (this.#totalLeftMs() <= 0) this.#end('upstream_timeout', 'took longer than its total time limit')
    else if (!this.#waiting || this.#silenceLeftMs() > 0) this.#schedule()
    else if (this.#hasContent)
      this.#end('upstream_idle_timeout', `sent nothing for ${this.#context.deadline.idleMs} ms`)
    else this.#end('upstream_timeout', `sent no content within ${this.#context.deadline.firstContentMs} ms`)
  }

  #end(code: 'upstream_timeout' | 'upstream_idle_timeout', what: string): void {
    this.#abort(new UpstreamError(code, `Model "${this.#modelId}" ${what}.`))
  }

  #silenceLeftMs(): number {
    const { deadline, clock } = this.#context
    const limitMs = this.#hasContent ? deadline.idleMs : deadline.firstContentMs
    const waitedMs = this.#waiting ? clock.now() - this.#waitingSinceMs : 0
    return limitMs - this.#silentMs - waitedMs
  }

  #totalLeftMs(): number {
    return this.#context.deadline.endsAtMs - this.#context.clock.now()
  }
}
