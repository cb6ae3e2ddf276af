/** The one table from error codes to HTTP status and OpenAI error type; each dialect writes the body its own way. */
import {
  type ErrorCode,
  isMollmrError,
  MixtureError,
  type MollmrError,
  OverloadError,
  RequestError,
  retryAfterOf,
  ShutdownError,
  UpstreamError,
} from '../chat/errors.ts'
import type { ErrorBody, Failure } from '../wire/dialect.ts'

export interface ErrorResponse extends Failure {
  readonly headers: Readonly<Record<string, string>>
}

/** Status by code. 401 and 403 of an upstream are our 502: it is not the caller's key. */
export const statusByCode: Readonly<Record<ErrorCode, number>> = {
  invalid_request: 400,
  invalid_json: 400,
  invalid_utf8: 400,
  duplicate_key: 400,
  json_too_complex: 400,
  unsupported_parameter: 400,
  unsupported_modality: 400,
  unsupported_media_type: 415,
  unsupported_encoding: 415,
  headers_too_large: 431,
  request_timeout: 408,
  request_too_large: 413,
  model_not_found: 404,
  route_not_found: 404,
  response_not_found: 404,
  method_not_allowed: 405,
  router_not_configured: 404,
  invalid_api_key: 401,
  model_not_allowed: 403,
  upstream_unreachable: 502,
  upstream_reset: 502,
  upstream_unavailable: 502,
  upstream_timeout: 504,
  upstream_idle_timeout: 504,
  upstream_bad_request: 400,
  context_length_exceeded: 400,
  upstream_auth_failed: 502,
  upstream_model_not_found: 502,
  rate_limit_exceeded: 429,
  upstream_quota_exhausted: 502,
  upstream_error: 502,
  upstream_bad_content_type: 502,
  upstream_malformed: 502,
  upstream_empty_response: 502,
  upstream_stream_cut: 502,
  upstream_stream_truncated: 502,
  upstream_output_limit: 502,
  upstream_redirect: 502,
  upstream_response_too_large: 502,
  upstream_invalid_format: 502,
  all_workers_failed: 502,
  insufficient_workers: 502,
  budget_exceeded: 402,
  request_loop: 429,
  client_closed: 499,
  slow_client: 499,
  server_shutdown: 503,
  overloaded: 503,
  config_invalid: 500,
  internal_error: 500,
}

const typeByStatus: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  402: 'insufficient_quota',
  403: 'permission_error',
  429: 'rate_limit_error',
  500: 'server_error',
  502: 'upstream_error',
  503: 'overloaded_error',
  504: 'timeout_error',
}

/** Clients are never told to come back sooner: some of them loop without pause when they are. */
const leastRetryAfterMs = 1000

/** Statuses below 500 after which the SDKs of OpenAI and Anthropic ask again, as they do after 409, which is never told. */
const triedAgain: ReadonlySet<number> = new Set([408, 429])

/** What the caller is told about `error`; the text of an unexpected one stays inside. */
export function errorResponseOf(error: unknown): ErrorResponse {
  if (!isMollmrError(error)) {
    const message = 'Something went wrong inside the gateway; its log has the details.'
    return {
      status: 500,
      headers: headersOf(error, 500),
      body: { error: { message, type: 'server_error', param: null, code: 'internal_error' } },
    }
  }
  const status = statusOf(error)
  return { status, headers: headersOf(error, status), body: bodyOf(error, status) }
}

/** What an upstream may say of a request in its own status: clients read others as something to try again, or to log in for. */
const passedStatuses: ReadonlySet<number> = new Set([400, 413, 422])

/** A mixture whose workers all failed for one reason fails for that reason: a rate limit, a time limit, a bad request. */
function statusOf(error: MollmrError): number {
  if (error.code === 'upstream_bad_request' && (error instanceof UpstreamError || error instanceof MixtureError))
    return error.status !== null && passedStatuses.has(error.status) ? error.status : 400
  if (!(error instanceof MixtureError)) return statusByCode[error.code]
  const statuses = new Set(error.failures.map((failure) => statusByCode[failure.code]))
  const [status] = statuses
  return statuses.size === 1 && status !== undefined ? status : statusByCode[error.code]
}

function bodyOf(error: MollmrError, status: number): ErrorBody {
  return {
    error: {
      message: error.message,
      type: typeByStatus[status] ?? 'invalid_request_error',
      param: error instanceof RequestError ? error.param : null,
      code: error.code,
      ...(error instanceof MixtureError ? { details: error.failures } : {}),
    },
  }
}

function headersOf(error: unknown, status: number): Record<string, string> {
  const retryAfterMs = retryAfterOf(error)
  // Nobody was asked yet, and the caller may try elsewhere.
  if (error instanceof OverloadError || error instanceof ShutdownError) return { 'retry-after': '1' }
  return {
    // Our own retries are spent by now: three more by the client's SDK would pay for the whole mixture three times.
    ...(status >= 500 || triedAgain.has(status) ? { 'x-should-retry': 'false' } : {}),
    ...(status === 429 && retryAfterMs !== null
      ? { 'retry-after': String(Math.ceil(Math.max(leastRetryAfterMs, retryAfterMs) / 1000)) }
      : {}),
  }
}
