/**
 * Every failure has a class, a stable code and a message that says what was wrong, with which configured name, and
 * what to change. `docs/errors.md` lists the codes (a test keeps it equal to `errorCodes`), and
 * `gateway/error-response.ts` gives each its HTTP status.
 */

const requestErrorCodes = [
  'invalid_request',
  'invalid_json',
  'invalid_utf8',
  'duplicate_key',
  'json_too_complex',
  'unsupported_parameter',
  'unsupported_modality',
  'unsupported_media_type',
  'unsupported_encoding',
  'headers_too_large',
  'request_timeout',
  'request_too_large',
  'model_not_found',
  'route_not_found',
  'response_not_found',
  'method_not_allowed',
  'router_not_configured',
] as const

const upstreamErrorCodes = [
  'upstream_unreachable',
  'upstream_reset',
  'upstream_unavailable',
  'upstream_timeout',
  'upstream_idle_timeout',
  'upstream_bad_request',
  'context_length_exceeded',
  'upstream_auth_failed',
  'upstream_model_not_found',
  'rate_limit_exceeded',
  'upstream_quota_exhausted',
  'upstream_error',
  'upstream_bad_content_type',
  'upstream_malformed',
  'upstream_empty_response',
  'upstream_stream_cut',
  'upstream_stream_truncated',
  'upstream_output_limit',
  'upstream_redirect',
  'upstream_response_too_large',
  'upstream_invalid_format',
] as const

const accessErrorCodes = ['invalid_api_key', 'model_not_allowed'] as const
const mixtureErrorCodes = ['all_workers_failed', 'insufficient_workers'] as const
const otherErrorCodes = [
  'budget_exceeded',
  'request_loop',
  'client_closed',
  'slow_client',
  'server_shutdown',
  'overloaded',
  'config_invalid',
  'internal_error',
] as const

export type RequestErrorCode = (typeof requestErrorCodes)[number]
export type UpstreamErrorCode = (typeof upstreamErrorCodes)[number]
export type MixtureErrorCode = (typeof mixtureErrorCodes)[number]
export type ErrorCode =
  | RequestErrorCode
  | (typeof accessErrorCodes)[number]
  | UpstreamErrorCode
  | MixtureErrorCode
  | (typeof otherErrorCodes)[number]

export const errorCodes: readonly ErrorCode[] = [
  ...requestErrorCodes,
  ...accessErrorCodes,
  ...upstreamErrorCodes,
  ...mixtureErrorCodes,
  ...otherErrorCodes,
]

/** The base of every error that MoLLMR throws on purpose. */
export abstract class MollmrError extends Error {
  readonly code: ErrorCode
  /** True where the same call may succeed if it is made again. */
  abstract readonly isRetryable: boolean

  constructor(code: ErrorCode, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options)
    this.name = new.target.name
    this.code = code
  }
}

export function isMollmrError(value: unknown): value is MollmrError {
  return value instanceof MollmrError
}

/** The code of any thrown value; `internal_error` where it is not one of ours. */
export function errorCodeOf(error: unknown): ErrorCode {
  return isMollmrError(error) ? error.code : 'internal_error'
}

/** The caller asked for something that cannot be done as asked. `param` is the path in the body: `messages[0].role`. */
export class RequestError extends MollmrError {
  readonly isRetryable = false
  readonly param: string | null

  constructor(
    code: RequestErrorCode,
    message: string,
    options: { readonly param?: string; readonly cause?: unknown } = {},
  ) {
    super(code, message, options)
    this.param = options.param ?? null
  }
}

/** The caller showed no good key, or one that is not for what was asked. */
export class AccessError extends MollmrError {
  readonly isRetryable = false
}

export interface UpstreamFailure {
  /** The HTTP status that the upstream answered with, where it answered. */
  readonly status?: number
  /** How long the upstream asked to wait. */
  readonly retryAfterMs?: number
  /** False where the call was refused on this side and the upstream does not know of it. Default: true. */
  readonly wasAsked?: boolean
  readonly cause?: unknown
}

const retryableUpstreamCodes: ReadonlySet<ErrorCode> = new Set<UpstreamErrorCode>([
  'upstream_unreachable',
  'upstream_reset',
  'rate_limit_exceeded',
  'upstream_error',
  'upstream_malformed',
  'upstream_empty_response',
  'upstream_stream_cut',
  'upstream_stream_truncated',
])

/** An upstream could not be reached, refused, or answered with something that is not an answer. */
export class UpstreamError extends MollmrError {
  readonly isRetryable: boolean
  readonly status: number | null
  readonly retryAfterMs: number | null
  readonly wasAsked: boolean

  constructor(code: UpstreamErrorCode, message: string, failure: UpstreamFailure = {}) {
    super(code, message, failure)
    this.isRetryable = retryableUpstreamCodes.has(code)
    this.status = failure.status ?? null
    this.retryAfterMs = failure.retryAfterMs ?? null
    this.wasAsked = failure.wasAsked ?? true
  }
}

/** By these an upstream says that the request cannot be served as it is; what all say alike is true of the request. */
export type RequestFaultCode = 'upstream_bad_request' | 'context_length_exceeded'

/** Why one worker has no usable draft. */
export interface WorkerFailure {
  readonly worker: string
  readonly code: ErrorCode
  readonly message: string
  /** The HTTP status that its upstream refused the request with. */
  readonly status?: number
  readonly retryAfterMs?: number
}

/**
 * A mixture has no usable draft, or fewer than its quorum; lists every worker's reason. Where all have found the same fault with
 * the request, its code is theirs and `status` that of the first.
 */
export class MixtureError extends MollmrError {
  readonly isRetryable: boolean
  readonly failures: readonly WorkerFailure[]

  constructor(code: MixtureErrorCode | RequestFaultCode, message: string, failures: readonly WorkerFailure[]) {
    super(code, message)
    this.isRetryable = failures.some((failure) => retryableUpstreamCodes.has(failure.code))
    this.failures = failures
  }

  get status(): number | null {
    return this.failures[0]?.status ?? null
  }
}

/** The request, its mixture or its key may not spend what it would take. */
export class BudgetError extends MollmrError {
  readonly isRetryable = false

  constructor(message: string) {
    super('budget_exceeded', message)
  }
}

/** One conversation asks the same again and again, as a program does that does not understand what it is answered. */
export class LoopError extends MollmrError {
  readonly isRetryable = false
  readonly retryAfterMs: number

  constructor(calls: number, retryAfterMs: number) {
    const message = `This conversation was sent ${calls} times, which looks like a program in a loop. Send a new user message, or wait; router.loop_guard sets the limit.`
    super('request_loop', message)
    this.retryAfterMs = retryAfterMs
  }
}

/** Milliseconds after which the same call may succeed: the shortest wait that is known; null where none is. */
export function retryAfterOf(error: unknown): number | null {
  if (error instanceof UpstreamError || error instanceof LoopError) return error.retryAfterMs
  if (!(error instanceof MixtureError)) return null
  const waits = error.failures.flatMap(({ retryAfterMs }) => retryAfterMs ?? [])
  return waits.length > 0 ? Math.min(...waits) : null
}

/** The caller has left, or a call was ended because its result is no longer needed. Nobody's fault. */
export class CancelledError extends MollmrError {
  readonly isRetryable = false

  constructor(options: { readonly cause?: unknown } = {}) {
    super('client_closed', 'The call was cancelled before it ended.', options)
  }
}

/** The caller takes its answer so slowly that it is taken for gone. */
export class SlowClientError extends MollmrError {
  readonly isRetryable = false

  constructor(waitedMs: number) {
    super('slow_client', `The caller took nothing of its answer for ${waitedMs} ms.`)
  }
}

/** The server is going down and cuts what is still running. */
export class ShutdownError extends MollmrError {
  readonly isRetryable = true

  constructor() {
    super('server_shutdown', 'The server is shutting down. Send the request again in a moment.')
  }
}

/** The gateway has as much to do as it can: what it has taken on comes first. */
export class OverloadError extends MollmrError {
  readonly isRetryable = true

  constructor(why: string) {
    super('overloaded', `The gateway ${why}. Send the request again in a moment.`)
  }
}

/** A config, a template or an option that cannot be meant. The message names the file, the line and the path. */
export class ConfigError extends MollmrError {
  readonly isRetryable = false

  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super('config_invalid', message, options)
  }
}
