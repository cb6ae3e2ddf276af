/** What stands beside the output of a response, in the words of OpenAI chat. */
import { UpstreamError } from '../../chat/errors.ts'
import { type WireUsage, wireUsageOf } from '../../chat/usage.ts'
import { countIn, type Fields, fieldsOf } from '../../chat/loose-json.ts'
import { type FailingModel, failureOfBody } from '../http/failure.ts'

/** @param hasCalls whether the caller is to run a tool */
export function finishReasonOf(response: Fields, hasCalls: boolean): string {
  if (response['status'] === 'incomplete') {
    const { reason } = fieldsOf(response['incomplete_details'])
    return reason === 'content_filter' ? reason : 'length'
  }
  return hasCalls ? 'tool_calls' : 'stop'
}

/** Null where nobody counted. */
export function usageOf(usage: unknown): WireUsage | null {
  const fields = fieldsOf(usage)
  const promptTokens = countIn(fields, 'input_tokens')
  const completionTokens = countIn(fields, 'output_tokens')
  if (promptTokens === null || completionTokens === null) return null
  return wireUsageOf({
    promptTokens,
    completionTokens,
    cachedTokens: countIn(fieldsOf(fields['input_tokens_details']), 'cached_tokens') ?? 0,
    reasoningTokens: countIn(fieldsOf(fields['output_tokens_details']), 'reasoning_tokens') ?? 0,
  })
}

/** The error that a frame of a stream tells of: `error`, a response that failed, or an error without a type. */
export function failureOfFrame(model: FailingModel, frame: Fields): UpstreamError | undefined {
  switch (frame['type']) {
    case 'response.failed':
    case 'response.completed':
      return failureOfResponse(model, fieldsOf(frame['response']))
    case 'error':
      return failureOfBody(model, frame['error'] === undefined ? { error: frame } : frame)
    case undefined:
      return failureOfBody(model, frame)
    default:
      return undefined
  }
}

/** The error of a response that failed; undefined where it did not. */
export function failureOfResponse(model: FailingModel, response: Fields): UpstreamError | undefined {
  const failure = failureOfBody(model, response)
  if (failure || response['status'] !== 'failed') return failure
  return new UpstreamError('upstream_error', `The upstream failed (model "${model.id}") and does not say why.`)
}

/** The error for a response without anything in it. */
export function emptyResponse({ id }: FailingModel): UpstreamError {
  return new UpstreamError('upstream_empty_response', `Model "${id}" answered with nothing.`)
}
