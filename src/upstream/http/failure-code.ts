/**
 * Whose fault a failure is, by what the upstream says. What the operator must mend (its key, its account, its address) rests
 * the model for everybody; so nothing may read as that which a caller can bring about. Hence a message, which may quote what
 * the caller wrote, counts only where the status alone already says that it is about the account.
 */
import type { UpstreamErrorCode } from '../../chat/errors.ts'
import type { WireError } from './wire-error.ts'

/** The code for an answer with a status of 300 or more, or for an error in a body that says as much. */
export function codeOfStatus(status: number, wire: WireError | undefined): UpstreamErrorCode {
  if (status < 400) return 'upstream_redirect'
  if (status === 403 && wire && isModerated(wire)) return 'upstream_bad_request'
  if (status === 402 || (wire && isSpent(status, wire))) return 'upstream_quota_exhausted'
  if (status === 400 && wire && refusedKey.test(wire.message)) return 'upstream_auth_failed'
  if (status >= 500) return 'upstream_error'
  return codesByStatus[status] ?? (isOverflow(wire) ? 'context_length_exceeded' : 'upstream_bad_request')
}

/** The status that an error in a good answer stands for: written out, or meant by its name. 500 where it is neither. */
export function statusOfError({ names }: WireError): number {
  for (const name of names) {
    const status = statusNamed(name)
    if (status !== undefined) return status
  }
  return 500
}

/** The code for a connection that broke, by the reason that Node or undici give. */
export function codeOfConnection(reason: string, hasBegun: boolean): UpstreamErrorCode {
  if (!hasBegun && neverReached.test(reason)) return 'upstream_unreachable'
  if (reason.startsWith('HPE_') || reason === 'HTTPParserError') return 'upstream_malformed'
  if (reason === 'UND_ERR_HEADERS_OVERFLOW') return 'upstream_response_too_large'
  return hasBegun ? 'upstream_stream_cut' : 'upstream_reset'
}

/** True where the error names the account itself, whatever its status and its message. */
export function namesSpentAccount({ names }: WireError): boolean {
  return names.some((name) => spentNames.has(name))
}

/** All other statuses below 500 say that the request itself is wrong. */
const codesByStatus: Readonly<Record<number, UpstreamErrorCode>> = {
  401: 'upstream_auth_failed',
  403: 'upstream_auth_failed',
  404: 'upstream_model_not_found',
  // All requests are posts: something else than a model server is there.
  405: 'upstream_bad_content_type',
  407: 'upstream_auth_failed',
  // It gave up on a request that was sent whole, or was cancelled on its side.
  408: 'upstream_error',
  429: 'rate_limit_exceeded',
  499: 'upstream_error',
}

const spentNames: ReadonlySet<string> = new Set([
  'insufficient_quota',
  'exceeded_current_quota_error',
  'billing_hard_limit_reached',
  'billing_not_active',
  'billing_error',
  'Arrearage',
])
const spent = /exceeded your current quota|billing|credit balance|(available|any) credits|spending limit/i
/** Anthropic's answer to an empty account is a 400. */
const spentAtStart = /^your credit balance is too low/i

function isSpent(status: number, wire: WireError): boolean {
  if (namesSpentAccount(wire)) return true
  if (status === 403 || status === 429) return spent.test(wire.message)
  return status === 400 && spentAtStart.test(wire.message)
}

/** Google and xAI answer a wrong key with a 400. */
const refusedKey = /^(incorrect|invalid) api key|^api key (not valid|not found|expired)/i

const moderatedName = /content_?(filter|policy)|moderation|guardrail|safety/i
const moderated =
  /^(your |the )?(input|prompt|content|request|message)s?\b.{0,80}\b(flagged|violat|blocked|rejected|moderat)|^i can.?t help/i

/** Moderations refuse a text with the status of a wrong key. */
function isModerated({ hasFindings, names, message }: WireError): boolean {
  return hasFindings || names.some((name) => moderatedName.test(name)) || moderated.test(message)
}

const overflows = [
  'context_length_exceeded',
  'context (length|size|window)',
  'maximum context',
  'too many tokens',
  'exceed_context_size',
  'prompt is too long',
  'input token count',
]
const overflow = new RegExp(overflows.join('|'), 'i')

function isOverflow(wire: WireError | undefined): boolean {
  return wire !== undefined && overflow.test(`${wire.names.join(' ')} ${wire.message}`)
}

const statusesByName: ReadonlyMap<string, number> = new Map([
  ['invalid_request_error', 400],
  ['context_length_exceeded', 400],
  ['authentication_error', 401],
  ['invalid_api_key', 401],
  ['billing_error', 402],
  ['permission_error', 403],
  ['not_found_error', 404],
  ['model_not_found', 404],
  ['request_too_large', 413],
  ['rate_limit_error', 429],
  ['rate_limit_exceeded', 429],
])
/** What the Responses API calls a request that it does not take. */
const wrongRequest = /^(invalid|unsupported|empty|image|failed_to_download)_/

function statusNamed(name: string): number | undefined {
  const written = Number(name)
  if (written >= 300 && written < 600) return written
  return statusesByName.get(name) ?? (wrongRequest.test(name) ? 400 : undefined)
}

const neverReached = new RegExp(
  [
    '^(ECONNREFUSED|ENOTFOUND|EAI_\\w+|E(HOST|NET)(UNREACH|DOWN)|EADDRNOTAVAIL|EACCES|EPERM|ETIMEDOUT)$',
    '^(EPROTO|UND_ERR_CONNECT_TIMEOUT)$',
    // Why a certificate is not believed, as OpenSSL names it.
    '^(UNABLE_TO_\\w+|INVALID_(CA|PURPOSE)|PATH_LENGTH_EXCEEDED|HOSTNAME_MISMATCH|CRL_\\w+)$',
    'CERT|TLS|SSL',
  ].join('|'),
)
