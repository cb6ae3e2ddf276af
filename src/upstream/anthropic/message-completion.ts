import type { ChatCompletion } from '../../chat/chat-event.ts'
import type { ToolCall } from '../../chat/chat-request.ts'
import { UpstreamError } from '../../chat/errors.ts'
import { type Fields, isObject, textIn } from '../../chat/loose-json.ts'
import type { MessageCall } from './message-stream.ts'
import { finishReasonOf, usageOf } from './message-words.ts'

/**
 * A whole message as a completion, for everyone who reads the answer on its way.
 *
 * @throws UpstreamError where it is no message, or says nothing
 */
export function completionOf(message: Fields, { model, created }: MessageCall): ChatCompletion {
  const blocks = message['content']
  if (!Array.isArray(blocks))
    throw new UpstreamError('upstream_malformed', `Model "${model.id}" answered with JSON that has no content.`)
  const content = blocks.filter(isObject)
  const finishReason = finishReasonOf(message['stop_reason'])
  if (content.length === 0 && finishReason !== 'length' && finishReason !== 'content_filter')
    throw new UpstreamError('upstream_empty_response', `Model "${model.id}" answered with nothing.`)
  const usage = usageOf(message['usage'])
  return {
    id: textIn(message, 'id'),
    object: 'chat.completion',
    created,
    model: textIn(message, 'model'),
    choices: [{ index: 0, message: answerMessageOf(content), finish_reason: finishReason }],
    ...(usage ? { usage } : {}),
  }
}

function answerMessageOf(content: readonly Fields[]): ChatCompletion['choices'][number]['message'] {
  const text = joined(content, 'text')
  const thinking = joined(content, 'thinking')
  const calls = content.filter(({ type }) => type === 'tool_use').map(toolCallOf)
  return {
    role: 'assistant',
    content: text === '' ? null : text,
    ...(thinking === '' ? {} : { reasoning_content: thinking }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  }
}

function joined(content: readonly Fields[], kind: 'text' | 'thinking'): string {
  return content.map((block) => (block['type'] === kind ? textIn(block, kind) : '')).join('')
}

function toolCallOf(block: Fields): ToolCall {
  const called = { name: textIn(block, 'name'), arguments: JSON.stringify(block['input'] ?? {}) }
  return { id: textIn(block, 'id'), type: 'function', function: called }
}
