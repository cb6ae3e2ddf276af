import type { LanguageModelV4Content, LanguageModelV4GenerateResult } from '@ai-sdk/provider'
import type { AnswerMessage, ChatCompletion, ChatEvent } from '../../chat/chat-event.ts'
import { UpstreamError } from '../../chat/errors.ts'
import { AnswerLimit } from '../answer-limit.ts'
import type { BridgedCall } from './bridged-call.ts'
import { annotationOf, finishReasonOf, imageOf, toolCallOf, usageOf } from './answer-parts.ts'
import { reasoningDetailOf } from './reasoning.ts'

/** Reasons to end without having said anything. */
const silentFinishes: ReadonlySet<string> = new Set(['length', 'content_filter'])

/** The one `completion` event of a whole answer, then the end. */
export function* readResult(result: LanguageModelV4GenerateResult, call: BridgedCall): Generator<ChatEvent> {
  const message = messageOf(result, call)
  const callsTools = Boolean(message.tool_calls?.length)
  const finishReason = finishReasonOf(result.finishReason, { modelId: call.model.id, callsTools })
  if (!saysAnything(message) && !silentFinishes.has(finishReason)) throw emptyAnswer(call.model.id)
  const usage = usageOf(result.usage)
  const { identity } = call
  const completion: ChatCompletion = {
    id: result.response?.id ?? identity.id,
    object: 'chat.completion',
    created: identity.created,
    model: result.response?.modelId ?? identity.model,
    choices: [{ index: 0, message, finish_reason: finishReason }],
    ...(usage ? { usage } : {}),
  }
  new AnswerLimit(call.model.id, call.maxAnswerCharacters).addWhole(completion)
  yield { type: 'completion', completion }
  yield { type: 'end', usage }
}

/** The error for an answer that says nothing and gives no reason to. */
export function emptyAnswer(modelId: string): UpstreamError {
  return new UpstreamError('upstream_empty_response', `Model "${modelId}" answered with nothing.`)
}

function messageOf(
  { content, structuredOutputText }: LanguageModelV4GenerateResult,
  { body }: BridgedCall,
): AnswerMessage {
  const isStructured = body.response_format?.type.startsWith('json') === true
  const written = textIn(content, 'text')
  const text = isStructured ? (structuredOutputText ?? written) : written
  const reasoning = textIn(content, 'reasoning')
  return {
    role: 'assistant',
    content: text === '' ? null : text,
    ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
    ...listField('reasoning_details', content, (part) =>
      part.type === 'reasoning' ? reasoningDetailOf(part.text, part.providerMetadata) : null,
    ),
    ...listField('tool_calls', content, (part) =>
      part.type === 'tool-call' && part.providerExecuted !== true ? toolCallOf(part) : null,
    ),
    ...listField('images', content, (part) => (part.type === 'file' ? imageOf(part) : null)),
    ...listField('annotations', content, (part) => (part.type === 'source' ? annotationOf(part) : null)),
  }
}

function textIn(content: readonly LanguageModelV4Content[], type: 'text' | 'reasoning'): string {
  return content.map((part) => (part.type === type ? part.text : '')).join('')
}

/** A field only where it has something in it. */
function listField(
  field: string,
  content: readonly LanguageModelV4Content[],
  pick: (part: LanguageModelV4Content) => object | null,
): Readonly<Record<string, readonly object[]>> {
  const list = content.map(pick).filter((item) => item !== null)
  return list.length === 0 ? {} : { [field]: list }
}

function saysAnything(message: AnswerMessage): boolean {
  return Boolean(message.content || message.reasoning_content || message.tool_calls?.length || message['images'])
}
