/** What stands beside the content of a message, in the words of OpenAI. */
import { type WireUsage, wireUsageOf } from '../../chat/usage.ts'
import { countIn, fieldsOf } from '../../chat/loose-json.ts'

const finishReasons: Readonly<Record<string, string>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  pause_turn: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'tool_calls',
  refusal: 'content_filter',
}

/** Null where the message has not ended. */
export function finishReasonOf(stopReason: unknown): string | null {
  return typeof stopReason === 'string' ? (finishReasons[stopReason] ?? stopReason) : null
}

/** Anthropic counts cached tokens beside `input_tokens`, OpenAI within; null where nobody counted. */
export function usageOf(usage: unknown): WireUsage | null {
  const fields = fieldsOf(usage)
  const input = countIn(fields, 'input_tokens')
  const output = countIn(fields, 'output_tokens')
  if (input === null || output === null) return null
  const read = countIn(fields, 'cache_read_input_tokens') ?? 0
  const written = countIn(fields, 'cache_creation_input_tokens') ?? 0
  return wireUsageOf({
    promptTokens: input + read + written,
    completionTokens: output,
    cachedTokens: read,
    reasoningTokens: countIn(fieldsOf(fields['output_tokens_details']), 'thinking_tokens') ?? 0,
  })
}
