/**
 * Rests a model that keeps failing, so that callers do not wait for what will not come and the upstream can recover.
 * One breaker for a model on an upstream with its key: what is wrong with one says nothing of another.
 */
import type { CallContext } from '../chat/call-context.ts'
import { wrapModel, type ChatModel } from '../chat/chat-model.ts'
import { UpstreamError, type UpstreamErrorCode } from '../chat/errors.ts'
import { tapEvents } from '../chat/tap-events.ts'

const windowMs = 30_000
const fewestCalls = 20
const failingShare = 0.5
const mostInARow = 5
const restMs = 10_000
const longestCooldownMs = 300_000
/** Of its limit: how long an attempt must have been silent to count. */
const silentShare = 0.9

/** What says that the upstream is unwell. A request that it refuses, or a caller that leaves, does not. */
const unwell: ReadonlySet<string> = new Set<UpstreamErrorCode>([
  'upstream_unreachable',
  'upstream_reset',
  'upstream_timeout',
  'upstream_idle_timeout',
  'upstream_error',
  'upstream_bad_content_type',
  'upstream_malformed',
  'upstream_empty_response',
  'upstream_stream_cut',
  'upstream_stream_truncated',
  'upstream_redirect',
  'upstream_response_too_large',
])
/** What the next call would meet as well. */
const hopeless: ReadonlySet<string> = new Set<UpstreamErrorCode>(['upstream_auth_failed', 'upstream_quota_exhausted'])

export interface BreakerOptions {
  /** Default: one of its own. */
  readonly breaker?: Breaker
  /** True where all callers want the same of it, so that one that is too slow for them is of no use. Default: false. */
  readonly isForOneUse?: boolean
}

/**
 * Fails calls at once with `upstream_unavailable` while the model rests: after 5 failures in a row, each begun within 30 s
 * of the one before, or half of at least 20 calls within 30 s (calls that still run count as good), or a refused key. Then
 * one call tries it: whatever it is answered, a refusal of its request too, ends the rest. A 429 that says how long rests
 * it that long, with `rate_limit_exceeded`.
 */
export function withBreaker(
  model: ChatModel,
  { breaker = new Breaker(), isForOneUse = false }: BreakerOptions = {},
): ChatModel {
  const guarded = wrapModel(model, (request, context) =>
    tapEvents(() => {
      const { clock } = context
      const beganMs = clock.now()
      const isProbe = breaker.enter(model.id, beganMs)
      return {
        events: model.chat(request, context),
        close: (error) => {
          const nowMs = clock.now()
          const saysNothing = !isForOneUse && ranOutOfTime(error, context, nowMs - beganMs)
          breaker.leave(saysNothing ? undefined : error, { beganMs, nowMs, isProbe })
        },
      }
    }),
  )
  return { ...guarded, isResting: (nowMs) => breaker.isResting(nowMs) || model.isResting?.(nowMs) === true }
}

/**
 * True where a call was ended because its caller had no more time: its total limit was reached, or this attempt began so
 * late that it was not silent for as long as a model may be. Neither says anything of the model.
 */
function ranOutOfTime(error: unknown, { clock, deadline, signal }: CallContext, tookMs: number): boolean {
  if (!signal.aborted || !(error instanceof UpstreamError)) return false
  const silenceMs = error.code === 'upstream_idle_timeout' ? deadline.idleMs : deadline.firstContentMs
  return clock.now() >= deadline.endsAtMs || tookMs < silentShare * silenceMs
}

/** A call that has ended; times in milliseconds. */
interface EndedCall {
  readonly beganMs: number
  readonly nowMs: number
  readonly isProbe: boolean
}

/** What is known of how a model does. Several catalogs may share it. */
export class Breaker {
  /** Calls and failures of this window and of the one before it. */
  #counts = [0, 0, 0, 0] as readonly [calls: number, failures: number, callsBefore: number, failuresBefore: number]
  #windowSinceMs = 0
  /** Calls that have begun and not ended. */
  #running = 0
  #inARow = 0
  #failedMs = -Infinity
  #restsUntilMs = 0
  #isResting = false
  #isProbed = false
  #coolsUntilMs = 0
  #isRefused = false
  readonly #onRefused: (error: UpstreamError) => void

  /** @param onRefused hears once of a rest that only the operator can end: a refused key, a spent account */
  constructor(onRefused: (error: UpstreamError) => void = () => undefined) {
    this.#onRefused = onRefused
  }

  /** True for the one call that tries a resting model. @throws UpstreamError while it rests */
  enter(modelId: string, nowMs: number): boolean {
    const coolMs = this.#coolsUntilMs - nowMs
    if (coolMs > 0) {
      const message = `The upstream limits the rate of model "${modelId}" for ${Math.ceil(coolMs / 1000)} s more.`
      throw new UpstreamError('rate_limit_exceeded', message, { retryAfterMs: coolMs, wasAsked: false })
    }
    if (!this.#isResting) {
      this.#running += 1
      return false
    }
    if (nowMs < this.#restsUntilMs || this.#isProbed) {
      const message = `Model "${modelId}" rests after repeated failures.`
      throw new UpstreamError('upstream_unavailable', message, { wasAsked: false })
    }
    this.#isProbed = true
    this.#running += 1
    return true
  }

  /** True where `enter` would throw. */
  isResting(nowMs: number): boolean {
    return nowMs < this.#coolsUntilMs || (this.#isResting && (nowMs < this.#restsUntilMs || this.#isProbed))
  }

  /** @param error null where it was good; what is no error of an upstream says nothing of the model */
  leave(error: unknown, call: EndedCall): void {
    this.#running -= 1
    if (call.isProbe) this.#isProbed = false
    if (error === null) this.#succeed(call)
    else if (error instanceof UpstreamError) this.#fail(error, call)
  }

  #succeed({ nowMs, isProbe }: EndedCall): void {
    this.#inARow = 0
    if (isProbe) this.#wake()
    else this.#count(nowMs, false)
  }

  #wake(): void {
    this.#isResting = false
    this.#isRefused = false
    this.#counts = [0, 0, 0, 0]
  }

  #fail(error: UpstreamError, { beganMs, nowMs, isProbe }: EndedCall): void {
    const { code, retryAfterMs } = error
    if (code === 'rate_limit_exceeded' && retryAfterMs !== null)
      this.#coolsUntilMs = Math.max(this.#coolsUntilMs, nowMs + Math.min(retryAfterMs, longestCooldownMs))
    if (hopeless.has(code)) this.#refuse(error, nowMs)
    else if (unwell.has(code)) {
      this.#count(nowMs, true)
      // From the beginning of the call: failing may take as long as the window.
      this.#inARow = beganMs - this.#failedMs > windowMs ? 1 : this.#inARow + 1
      this.#failedMs = nowMs
      if (isProbe || this.#failsInARow() || this.#failsTooOften()) this.#rest(nowMs)
    } else if (isProbe) this.#wake()
  }

  #refuse(error: UpstreamError, nowMs: number): void {
    this.#rest(nowMs)
    if (this.#isRefused) return
    this.#isRefused = true
    this.#onRefused(error)
  }

  #rest(nowMs: number): void {
    this.#isResting = true
    this.#restsUntilMs = nowMs + restMs
    this.#inARow = 0
  }

  #count(nowMs: number, isFailure: boolean): void {
    const halfMs = windowMs / 2
    const [calls, failures] = this.#counts
    if (nowMs - this.#windowSinceMs >= windowMs) this.#counts = [0, 0, 0, 0]
    else if (nowMs - this.#windowSinceMs >= halfMs) this.#counts = [0, 0, calls, failures]
    if (nowMs - this.#windowSinceMs >= halfMs) this.#windowSinceMs = nowMs
    const [callsNow, failuresNow, callsBefore, failuresBefore] = this.#counts
    this.#counts = [callsNow + 1, failuresNow + (isFailure ? 1 : 0), callsBefore, failuresBefore]
  }

  /**
   * Of calls that began together those that fail come back first, because failing is quick: what still runs speaks for the
   * model until it has ended.
   */
  #failsInARow(): boolean {
    return this.#inARow >= Math.max(mostInARow, failingShare * this.#running)
  }

  #failsTooOften(): boolean {
    const [calls, failures, callsBefore, failuresBefore] = this.#counts
    const all = calls + callsBefore + this.#running
    return all >= fewestCalls && failures + failuresBefore >= failingShare * all
  }
}
