/** What went wrong at an upstream, in our own words: by status, by the error in its body, by how the connection broke. */
import { hideSecrets } from './hide-secrets.ts'
import {
  isMollmrError,
  type MollmrError,
  OverloadError,
  UpstreamError,
  type UpstreamErrorCode,
} from '../../chat/errors.ts'
import type { ResponseHead } from './exchange.ts'
import { codeOfConnection, codeOfStatus, namesSpentAccount, statusOfError } from './failure-code.ts'
import { parseRetryAfter } from './retry-after.ts'
import { readWireError, type WireError } from './wire-error.ts'
import { type Fields, isObject, parseLoosely } from '../../chat/loose-json.ts'

/** Whose failure it is: named in every message. The keys are kept out of all of them. */
export interface FailingModel {
  readonly id: string
  readonly secrets: readonly string[]
}

/** A model, or the upstream itself where no model was asked for. */
export interface FailingPart extends FailingModel {
  readonly kind?: 'model' | 'upstream'
}

/** What a server said word for word when it refused: the cause of our error, for those who learn from it, never shown. */
export class Refusal extends Error {
  readonly text: string

  constructor(text: string) {
    super('The upstream refused the request.')
    this.text = text
  }
}

/** Statuses of a request that might be taken if it were written differently; chat templates fail with 500. */
const refusals: ReadonlySet<number> = new Set([400, 422, 500])

const longestMessage = 300

/** The error for an answer with a status of 300 or more. */
export function failureOfStatus(part: FailingPart, { status, headers }: ResponseHead, body: string): UpstreamError {
  const wire = readWireError(parseLoosely(body))
  const retryAfterMs = status === 429 || status === 503 ? parseRetryAfter(headers) : undefined
  const code = isPassingLimit(status, wire, retryAfterMs) ? 'rate_limit_exceeded' : codeOfStatus(status, wire)
  const said = wire ? `: ${clean(part, wire.message)}` : ''
  return new UpstreamError(code, `${sayings[code] ?? 'failed'} (${nameOf(part)}, status ${status})${said}`, {
    status,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(refusals.has(status) ? { cause: new Refusal(body) } : {}),
  })
}

/** The error in a body that came with a good status; undefined where `body` holds none. */
export function failureOfBody(model: FailingModel, body: unknown): UpstreamError | undefined {
  const wire = readWireError(body)
  if (!wire) return undefined
  const status = statusOfError(wire)
  const code = codeOfStatus(status, wire)
  return new UpstreamError(code, `${sayings[code] ?? 'failed'} (model "${model.id}"): ${clean(model, wire.message)}`, {
    ...(refusals.has(status) ? { cause: new Refusal(JSON.stringify(body)) } : {}),
  })
}

/** How servers say that they could not go on: OpenRouter and Mistral, vLLM and SGLang, DeepSeek. */
const failedFinishes: ReadonlySet<unknown> = new Set(['error', 'abort', 'insufficient_system_resource'])

/**
 * The error in an answer that came with a good status: beside its list, instead of it, in a choice or as its finish
 * reason. Undefined where it holds none, which is quick to see: every chunk of a stream is looked at.
 *
 * @param list the field that every answer has, what was said before an error included
 */
export function failureOfAnswer(
  model: FailingModel,
  body: unknown,
  list: 'choices' | 'data' = 'choices',
): UpstreamError | undefined {
  if (!isObject(body)) return undefined
  const items = body[list]
  if (tellsOfError(body) || !Array.isArray(items) || items.length === 0) return failureOfBody(model, body)
  for (const item of items) {
    if (!isObject(item)) continue
    if (tellsOfError(item)) return failureOfBody(model, item)
    if (failedFinishes.has(item['finish_reason'])) return brokenOff(model, String(item['finish_reason']))
  }
  return undefined
}

/** Some servers have the field in every answer, with nothing in it. */
function tellsOfError({ error }: Fields): boolean {
  return isObject(error) ? Object.keys(error).length > 0 : typeof error === 'string' && error !== ''
}

function brokenOff({ id }: FailingModel, finishReason: string): UpstreamError {
  return new UpstreamError('upstream_error', `The upstream gave up (model "${id}", finish reason "${finishReason}").`)
}

/** Our own process may open no more files: nothing is wrong with the upstream. */
const ownLimits: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE'])

/** The error for a connection that broke: before the answer began, or in the middle of it. */
export function failureOfConnection(part: FailingPart, thrown: unknown, hasBegun: boolean): MollmrError {
  if (isMollmrError(thrown)) return thrown
  const { code: reason, name } = thrown as { readonly code?: unknown; readonly name?: unknown }
  const known = [reason, name].find((value) => typeof value === 'string') ?? ''
  if (ownLimits.has(known)) return new OverloadError(`has no room for another connection to an upstream (${known})`)
  const code = codeOfConnection(known, hasBegun)
  const what = known === '' ? '' : ` (${known})`
  return new UpstreamError(code, `${sayings[code] ?? 'failed'} (${nameOf(part)})${what}.`, { cause: thrown })
}

function nameOf({ id, kind = 'model' }: FailingPart): string {
  return `${kind} "${id}"`
}

/** Gemini speaks of the quota and of billing also where the minute's rate is meant; then it says how long to wait. */
function isPassingLimit(status: number, wire: WireError | undefined, retryAfterMs: number | undefined): boolean {
  return status === 429 && retryAfterMs !== undefined && !(wire && namesSpentAccount(wire))
}

const sayings: Partial<Record<UpstreamErrorCode, string>> = {
  upstream_unreachable: 'The upstream cannot be reached; is it running, and is base_url right?',
  upstream_reset: 'The upstream closed the connection before it answered',
  upstream_stream_cut: 'The connection to the upstream broke in the middle of the answer',
  upstream_malformed: 'The upstream answered with something that is not HTTP or JSON as it should be',
  upstream_response_too_large: 'The upstream answered with more than is accepted',
  upstream_auth_failed: 'The upstream refuses the key of its config',
  upstream_model_not_found: 'The upstream does not have the model',
  upstream_quota_exhausted: 'The account at the upstream is used up',
  rate_limit_exceeded: 'The upstream limits the rate',
  upstream_bad_content_type: 'The upstream takes no requests at this path; is base_url right?',
  upstream_redirect: 'The upstream redirects, which is not followed; correct base_url',
  upstream_bad_request: 'The upstream refuses the request',
  context_length_exceeded: 'The conversation does not fit into the context window',
  upstream_error: 'The upstream failed',
}

/** Short, and without the keys: some servers echo them. */
export function clean({ secrets }: FailingModel, message: string): string {
  const safe = hideSecrets(message, secrets)
  return safe.length > longestMessage ? `${safe.slice(0, longestMessage)}…` : safe
}
