/** The ledger's pen: a wrapper around an upstream model that writes one row per call, however the call ends. */
import type { CallContext, LedgerRow, ResponseMeter } from '../chat/call-context.ts'
import { carriesContent, type ChatEvent, saidIn } from '../chat/chat-event.ts'
import { type ChatModel, wrapModel } from '../chat/chat-model.ts'
import type { ChatRequest } from '../chat/chat-request.ts'
import { type ErrorCode, errorCodeOf, UpstreamError } from '../chat/errors.ts'
import { estimateCall, promptTokensOf, spendingOf } from '../chat/estimate.ts'
import { estimateTokens } from '../chat/estimate-tokens.ts'
import { explainCall } from '../chat/explain-model.ts'
import { costOf } from '../chat/price.ts'
import { tapEvents } from '../chat/tap-events.ts'
import { parseUsage, type Usage, type UsageSource, type WireUsage } from '../chat/usage.ts'
import { Pace } from './pace.ts'

/**
 * Records every call of `model`; what the upstream does not report is estimated from the texts. What a call is expected
 * to take is set aside before it is made: a call for which the budget has no room throws `BudgetError` and is not made.
 */
export function recordCalls(model: ChatModel): ChatModel {
  const pace = new Pace()
  return {
    ...wrapModel(model, (request, context) => recordedChat({ model, pace, request, context })),
    explain: (request, { addedTokens }) => {
      const call = explainCall(model, request, { addedTokens })
      return { ...call, estimate: { ...call.estimate, ms: pace.expectedMs(call.estimate.completionTokens) } }
    },
  }
}

interface RecordedCall {
  readonly model: ChatModel
  readonly pace: Pace
  readonly request: ChatRequest
  readonly context: CallContext
}

function recordedChat(call: RecordedCall): AsyncIterable<ChatEvent> {
  return tapEvents(() => {
    const { model, request, context } = call
    const { id, card } = model
    const settle = context.budget.reserve(() => spendingOf(estimateCall({ id, card, body: request.body })))
    context.span.set({ model: id })
    const meter = new CallMeter(call, settle)
    return {
      events: model.chat(request, { ...context, meter }),
      pass: (event) => {
        meter.see(event)
        if (event.type !== 'end') return event
        meter.finish('ok')
        return { ...event, total: context.span.total() }
      },
      close: (error) => {
        meter.finish(error === null ? 'client_closed' : errorCodeOf(error), statusIn(error))
      },
    }
  })
}

/** Nobody charges for a call that was refused, or that reached nobody. */
function isUnserved(outcome: 'ok' | ErrorCode, status: number | null): boolean {
  return status !== null || outcome === 'upstream_unreachable'
}

function statusIn(error: unknown): number | null {
  return error instanceof UpstreamError ? error.status : null
}

/** Characters: long enough that a token cut in two does not matter. */
const countedAtOnce = 4096

/** Watches one call go by and writes its row once. */
class CallMeter implements ResponseMeter {
  readonly #call: RecordedCall
  readonly #settle: (row: LedgerRow) => void
  readonly #startMs: number
  #headersMs: number | null = null
  #firstContentMs: number | null = null
  #bytes = 0
  #resolved: string | null = null
  #reported: WireUsage | null = null
  /** What it has said and nobody has counted yet. */
  #said = ''
  /** Tokens in what it said before. */
  #counted = 0
  #finished = false

  constructor(call: RecordedCall, settle: (row: LedgerRow) => void) {
    this.#call = call
    this.#settle = settle
    this.#startMs = call.context.clock.now()
  }

  answered(): void {
    this.#headersMs ??= this.#elapsedMs()
  }

  received(bytes: number): void {
    this.#bytes += bytes
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
    if (this.#said.length > countedAtOnce) this.#count()
    if (this.#firstContentMs !== null || !carriesContent(event)) return
    this.#firstContentMs = this.#elapsedMs()
    this.#call.context.span.note('first_content', { model: this.#call.model.id })
  }

  /** What is counted need not be kept. */
  #count(): void {
    this.#counted += estimateTokens(this.#said)
    this.#said = ''
  }

  finish(outcome: 'ok' | ErrorCode, status: number | null = null): void {
    if (this.#finished) return
    this.#finished = true
    const { model, context, pace } = this.#call
    const { usage, source } = this.#usage()
    const row = context.span.record({
      stage: context.span.stage,
      requested: model.id,
      resolved: this.#resolved,
      outcome,
      status,
      usage,
      source,
      costUsd: isUnserved(outcome, status) ? 0 : costOf(usage, model.card.price),
      headersMs: this.#headersMs,
      firstContentMs: this.#firstContentMs,
      totalMs: this.#elapsedMs(),
      bytes: this.#bytes,
    })
    this.#settle(row)
    pace.add(row)
  }

  #usage(): { readonly usage: Usage | null; readonly source: UsageSource } {
    const reported = parseUsage(this.#reported)
    if (reported) return { usage: reported, source: 'reported' }
    if (this.#resolved === null) return { usage: null, source: 'missing' }
    const { request } = this.#call
    return {
      usage: {
        promptTokens: promptTokensOf(request.body),
        completionTokens: this.#counted + estimateTokens(this.#said),
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
