import type { ChatRequest, RequestOptions } from '../chat/chat-request.ts'
import { RequestError } from '../chat/errors.ts'
import { parseRequestOptions } from './request-options.ts'

/**
 * The request with what its headers ask of the reply, for programs whose body nobody can change:
 * `x-mollmr-include: usage, progress` and `x-mollmr-progress: reasoning`. What the body says wins.
 */
export function withHeaderOptions(request: ChatRequest): ChatRequest {
  const { headers } = request.caller
  const include = headers['x-mollmr-include']
  const progress = headers['x-mollmr-progress']
  if (include === undefined && progress === undefined) return request
  const written = {
    ...(include === undefined ? {} : { include: include.split(',').map((item) => item.trim()) }),
    ...(progress === undefined ? {} : { progress: progress.trim() }),
  }
  // A stream that is handed on as it comes has no room for words of ours.
  const { native: _native, ...translated } = request
  return { ...translated, options: { ...parseHeaders(written), ...request.options } }
}

function parseHeaders(written: Readonly<Record<string, unknown>>): RequestOptions {
  try {
    return parseRequestOptions(written)
  } catch (cause) {
    const message = cause instanceof RequestError ? cause.message.replace('mollmr.', 'The header x-mollmr-') : ''
    throw new RequestError('invalid_request', message, { cause })
  }
}
