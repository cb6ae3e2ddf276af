/** What a provider package throws, as our own errors: by status and body where the server answered, else by the error's name. */
import {
  isMollmrError,
  type MollmrError,
  RequestError,
  UpstreamError,
  type UpstreamErrorCode,
} from '../../chat/errors.ts'
import { clean, type FailingModel, failureOfStatus } from '../http/failure.ts'

/** What is read of the errors of `@ai-sdk/provider`; each may be missing in a community package. */
interface Thrown {
  readonly name?: unknown
  readonly message?: unknown
  readonly statusCode?: unknown
  readonly responseHeaders?: unknown
  readonly responseBody?: unknown
  readonly type?: unknown
  readonly cause?: unknown
}

const deepestCause = 5

/** The error for whatever a call has thrown, or sent as the error part of a stream. */
export function failureOf(model: FailingModel, thrown: unknown): MollmrError {
  const ours = ownErrorIn(thrown)
  if (ours) return ours
  const error = Object(thrown) as Thrown
  if (typeof error.statusCode === 'number' && error.statusCode >= 300)
    return answeredFailure(model, error, error.statusCode)
  return namedFailure(model, error, thrown)
}

/** The connection's own failure, under the wrappings of the package. */
function ownErrorIn(thrown: unknown): MollmrError | undefined {
  let error = thrown
  for (let depth = 0; depth < deepestCause; depth += 1) {
    if (isMollmrError(error)) return error
    error = (Object(error) as Thrown).cause
  }
  return undefined
}

function answeredFailure(model: FailingModel, error: Thrown, status: number): UpstreamError {
  const { responseHeaders, responseBody, message, type } = error
  const body =
    typeof responseBody === 'string' && responseBody !== ''
      ? responseBody
      : JSON.stringify({ error: { message: textOf(message), type: textOf(type) } })
  const headers = { ...(Object(responseHeaders) as Record<string, string>), ...retryDelayIn(body) }
  return failureOfStatus(model, { status, headers }, body)
}

/** Gemini says in the body how long to wait: `"retryDelay": "23s"`. */
function retryDelayIn(body: string): Readonly<Record<string, string>> {
  const [, seconds] = /"retryDelay"\s*:\s*"([\d.]+)s"/.exec(body) ?? []
  return seconds === undefined ? {} : { 'retry-after': seconds }
}

const codesByName: Readonly<Record<string, UpstreamErrorCode>> = {
  AI_LoadAPIKeyError: 'upstream_auth_failed',
  AI_LoadSettingError: 'upstream_auth_failed',
  AI_NoSuchModelError: 'upstream_model_not_found',
  AI_EmptyResponseBodyError: 'upstream_empty_response',
  AI_NoContentGeneratedError: 'upstream_empty_response',
  AI_APICallError: 'upstream_malformed',
  AI_JSONParseError: 'upstream_malformed',
  AI_TypeValidationError: 'upstream_malformed',
  AI_InvalidResponseDataError: 'upstream_malformed',
}

/** The package itself cannot do what was asked. */
const refusals: ReadonlySet<string> = new Set([
  'AI_UnsupportedFunctionalityError',
  'AI_InvalidPromptError',
  'AI_InvalidArgumentError',
  'AI_NoSuchProviderReferenceError',
])

function namedFailure(model: FailingModel, { name, message, statusCode }: Thrown, cause: unknown): MollmrError {
  const said = clean(model, textOf(message))
  const called = textOf(name)
  if (refusals.has(called))
    return new RequestError('unsupported_parameter', `Model "${model.id}" cannot be asked for this: ${said}`, { cause })
  const code = codesByName[called] ?? 'upstream_error'
  const what = code === 'upstream_malformed' ? 'answered with something that cannot be read' : 'failed'
  return new UpstreamError(code, `Model "${model.id}" ${what}: ${said}`, {
    cause,
    ...(typeof statusCode === 'number' ? { status: statusCode } : {}),
  })
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
