/** Parts of an answer, from the language model specification to the OpenAI dialect. */
import type {
  LanguageModelV4File,
  LanguageModelV4FinishReason,
  LanguageModelV4ReasoningFile,
  LanguageModelV4Source,
  LanguageModelV4ToolCall,
  LanguageModelV4Usage,
  SharedV4Warning,
} from '@ai-sdk/provider'
import type { ToolCall } from '../../chat/chat-request.ts'
import { UpstreamError } from '../../chat/errors.ts'
import { type WireUsage, wireUsageOf } from '../../chat/usage.ts'
import { extraContentOf } from './extra-content.ts'

/** A call as the caller is to make it; the arguments are JSON text on both sides. */
export function toolCallOf(call: LanguageModelV4ToolCall): ToolCall {
  const { toolCallId: id, toolName: name, input, providerMetadata } = call
  return { id, type: 'function', function: { name, arguments: input }, ...extraContentOf(providerMetadata) }
}

/** An image that the model made, as OpenRouter writes it; null for other files, for which the dialect has no place. */
export function imageOf({ mediaType, data }: LanguageModelV4File | LanguageModelV4ReasoningFile): object | null {
  if (!mediaType.startsWith('image/')) return null
  const url = data.type === 'url' ? data.url.href : `data:${mediaType};base64,${base64Of(data.data)}`
  return { type: 'image_url', image_url: { url } }
}

function base64Of(data: Uint8Array | string): string {
  return typeof data === 'string' ? data : Buffer.from(data).toString('base64')
}

/** Where a statement comes from; null for a document of the request itself. */
export function annotationOf(source: LanguageModelV4Source): object | null {
  if (source.sourceType !== 'url') return null
  return { type: 'url_citation', url_citation: { url: source.url, title: source.title ?? source.url } }
}

/** Null where the provider does not count. */
export function usageOf({ inputTokens, outputTokens }: LanguageModelV4Usage): WireUsage | null {
  if (inputTokens.total === undefined || outputTokens.total === undefined) return null
  return wireUsageOf({
    promptTokens: inputTokens.total,
    completionTokens: outputTokens.total,
    cachedTokens: inputTokens.cacheRead ?? 0,
    reasoningTokens: outputTokens.reasoning ?? 0,
  })
}

/**
 * The finish reason in the words of the dialect.
 *
 * @throws UpstreamError where the answer did not come to an end
 */
export function finishReasonOf({ unified, raw }: LanguageModelV4FinishReason, ending: Ending): string {
  switch (unified) {
    case 'stop':
      return ending.callsTools ? 'tool_calls' : 'stop'
    case 'length':
      return 'length'
    case 'content-filter':
      return 'content_filter'
    case 'tool-calls':
      return 'tool_calls'
    case 'error':
      throw new UpstreamError('upstream_error', `Model "${ending.modelId}" stopped because of an error (${raw ?? ''}).`)
    case 'interrupted':
      throw truncated(ending)
    case 'other':
      if (ending.callsTools) return 'tool_calls'
      if (raw === undefined) throw truncated(ending)
      return raw
  }
}

export interface Ending {
  readonly modelId: string
  readonly callsTools: boolean
}

function truncated({ modelId }: Ending): UpstreamError {
  return new UpstreamError(
    'upstream_stream_truncated',
    `The answer of model "${modelId}" ended without a finish reason.`,
  )
}

/** What a provider could not do as asked, in a few words. */
export function warningText(warning: SharedV4Warning): string {
  switch (warning.type) {
    case 'unsupported':
    case 'compatibility':
      return `${warning.type} ${warning.feature}${warning.details === undefined ? '' : `: ${warning.details}`}`
    case 'deprecated':
      return `deprecated ${warning.setting}: ${warning.message}`
    case 'other':
      return warning.message
  }
}
