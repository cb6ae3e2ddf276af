import type { Failure } from '../dialect.ts'

const typeByStatus: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
  504: 'timeout_error',
}

export interface MessagesError {
  readonly type: 'error'
  readonly error: object
  readonly request_id: string
}

/** A failure as Anthropic writes it; our own code is in `error.details.error_code`, where its SDKs look. */
export function writeMessagesError({ status, body }: Failure, requestId: string): MessagesError {
  const { message, code, param, details } = body.error
  return {
    type: 'error',
    error: {
      type: typeByStatus[status] ?? (status < 500 ? 'invalid_request_error' : 'api_error'),
      message,
      details: { error_code: code, param, ...(details ? { workers: details } : {}) },
    },
    request_id: requestId,
  }
}
