import type { ChatCompletion } from '../../chat/chat-event.ts'
import type { ToolCall } from '../../chat/chat-request.ts'
import { UpstreamError } from '../../chat/errors.ts'
import { sentToolName } from '../../wire/openai-responses/response-tools.ts'
import { type Fields, isObject, textIn } from '../../chat/loose-json.ts'
import type { ResponseCall } from './response-stream.ts'
import { emptyResponse, finishReasonOf, usageOf } from './response-words.ts'

/**
 * A whole response as a completion, for everyone who reads the answer on its way.
 *
 * @throws UpstreamError where it is no response, or says nothing
 */
export function completionOf(response: Fields, { model, created }: ResponseCall): ChatCompletion {
  const output = response['output']
  if (!Array.isArray(output))
    throw new UpstreamError('upstream_malformed', `Model "${model.id}" answered with JSON that has no output.`)
  const items = output.filter(isObject)
  const toolCalls = items.flatMap(toolCallOf)
  const finishReason = finishReasonOf(response, toolCalls.length > 0)
  if (items.length === 0 && finishReason === 'stop') throw emptyResponse(model)
  const usage = usageOf(response['usage'])
  const { created_at: createdAt } = response
  return {
    id: textIn(response, 'id'),
    object: 'chat.completion',
    created: typeof createdAt === 'number' ? createdAt : created,
    model: textIn(response, 'model'),
    choices: [{ index: 0, message: messageOf(items, toolCalls), finish_reason: finishReason }],
    ...(usage ? { usage } : {}),
  }
}

function messageOf(
  items: readonly Fields[],
  toolCalls: readonly ToolCall[],
): ChatCompletion['choices'][number]['message'] {
  const said = itemsOf(items, 'message').flatMap((item) => partsIn(item, 'content'))
  const thought = itemsOf(items, 'reasoning').flatMap((item) => [
    ...partsIn(item, 'summary'),
    ...partsIn(item, 'content'),
  ])
  const text = joined(said, 'text')
  const refusal = joined(said, 'refusal')
  const reasoning = joined(thought, 'text')
  return {
    role: 'assistant',
    content: text === '' ? null : text,
    ...(refusal === '' ? {} : { refusal }),
    ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
    ...(toolCalls.length === 0 ? {} : { tool_calls: toolCalls }),
  }
}

function itemsOf(items: readonly Fields[], type: string): readonly Fields[] {
  return items.filter((item) => item['type'] === type)
}

function partsIn(item: Fields, field: string): readonly Fields[] {
  const parts = item[field]
  return Array.isArray(parts) ? parts.filter(isObject) : []
}

function joined(parts: readonly Fields[], field: string): string {
  return parts.map((part) => textIn(part, field)).join('')
}

function toolCallOf(item: Fields): readonly ToolCall[] {
  const { type } = item
  if (type !== 'function_call' && type !== 'custom_tool_call') return []
  const written = type === 'function_call' ? textIn(item, 'arguments') : JSON.stringify({ input: item['input'] ?? '' })
  const name = sentToolName(textIn(item, 'name'), item['namespace'])
  return [{ id: textIn(item, 'call_id'), type: 'function', function: { name, arguments: written } }]
}
