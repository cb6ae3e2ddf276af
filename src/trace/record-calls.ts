/** The ledger's pen: a wrapper around an upstream model that writes one row per call, however the call ends. */
import type { CallContext, LedgerRow } from '../chat/call-context.ts'
import { carriesContent, type ChatEvent, saidIn } from '../chat/chat-event.ts'
import { type ChatModel, wrapModel } from '../chat/chat-model.ts'
import type { ChatRequest } from '../chat/chat-request.ts'
import { type ErrorCode, errorCodeOf } from '../chat/errors.ts'
import { textOf } from '../chat/message-text.ts'
import { tapEvents } from '../chat/tap-events.ts'
import { parseUsage, type Usage, type UsageSource, type WireUsage } from '../chat/usage.ts'
import { costOf } from './price.ts'

/** Tokens in a text, more or less. */
export type TokenEstimator = (text: string) => number

/** Records every call of `model`; what the upstream does not report is estimated from the texts. */
export function recordCalls(model: ChatModel, estimateTokens: TokenEstimator): ChatModel {
  return wrapModel(model, (request, context) => recordedChat({ model, estimateTokens, request, context }))
}

interface RecordedCall {
  readonly model: ChatModel
  readonly estimateTokens: TokenEstimator
  readonly request: ChatRequest
  readonly context: CallContext
}

function recordedChat(call: RecordedCall): AsyncIterable<ChatEvent> {
  return tapEvents(() => {
    const { model, request, context } = call
    context.budget.takeCall()
    context.span.set({ model: model.id })
    const meter = new CallMeter(call)
    return {
      events: model.chat(request, context),
      pass: (event) => {
        meter.see(event)
        if (event.type !== 'end') return event
        meter.finish('ok')
        return { ...event, total: context.span.total() }
      },
      close: (error) => {
        meter.finish(error === null ? 'client_closed' : errorCodeOf(error))
      },
    }
  })
}

/** Watches one call go by and writes its row once. */
class CallMeter {
  readonly #call: RecordedCall
  readonly #startMs: number
  #firstContentMs: number | null = null
  #resolved: string | null = null
  #reported: WireUsage | null = null
  #said = ''
  #finished = false

  constructor(call: RecordedCall) {
    this.#call = call
    this.#startMs = call.context.clock.now()
  }

  see(event: ChatEvent): void {
    if (event.type === 'end') {
      this.#reported = event.usage ?? this.#reported
      return
    }
    const body = event.type === 'chunk' ? event.chunk : event.completion
    this.#resolved ??= body.model || null
    this.#reported = body.usage ?? this.#reported
    this.#said += saidIn(event)
    if (this.#firstContentMs !== null || !carriesContent(event)) return
    this.#firstContentMs = this.#elapsedMs()
    this.#call.context.span.note('first_content', { model: this.#call.model.id })
  }

  finish(outcome: 'ok' | ErrorCode): void {
    if (this.#finished) return
    this.#finished = true
    const { model, context } = this.#call
    const { usage, source } = this.#usage()
    const row: LedgerRow = {
      stage: context.span.stage,
      requested: model.id,
      resolved: this.#resolved,
      outcome,
      usage,
      source,
      costUsd: costOf(usage, model.card.price),
      firstContentMs: this.#firstContentMs,
      totalMs: this.#elapsedMs(),
    }
    context.span.record(row)
    context.budget.settle(row)
  }

  #usage(): { readonly usage: Usage | null; readonly source: UsageSource } {
    const reported = parseUsage(this.#reported)
    if (reported) return { usage: reported, source: 'reported' }
    if (this.#resolved === null) return { usage: null, source: 'missing' }
    const prompt = this.#call.request.body.messages.map(textOf).join('\n')
    return {
      usage: {
        promptTokens: this.#call.estimateTokens(prompt),
        completionTokens: this.#call.estimateTokens(this.#said),
        cachedTokens: 0,
        reasoningTokens: 0,
      },
      source: 'estimated',
    }
  }

  #elapsedMs(): number {
    return this.#call.context.clock.now() - this.#startMs
  }
}
