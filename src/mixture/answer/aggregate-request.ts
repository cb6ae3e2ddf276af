import { type ChatMessage, type ChatRequest, withBody } from '../../chat/chat-request.ts'
import { appendText } from '../../chat/message-text.ts'
import { applySystemPrompt } from '../../prompt/system-prompt.ts'
import { mixtureValues, type MixtureRun } from '../mixture-run.ts'
import { readableMessages } from '../modality.ts'
import type { Aggregate } from '../resolved-mixture.ts'

/** The request as an aggregate without drafts gets it: the client's own, with what the config adds to this member. */
export function plainRequest(run: MixtureRun, aggregate: Aggregate): ChatRequest {
  const { request } = run
  const { params, systemPrompt } = aggregate
  if (!systemPrompt && Object.keys(params).length === 0) return request
  const messages = withSystemPrompt(run, aggregate, request.body.messages)
  return withBody(request, { ...missingParams(run, aggregate), messages })
}

/**
 * The client's request with one block behind its conversation. All that comes before stays as it is, byte for byte, so
 * that the upstream's prompt cache keeps working; the block has the user's role, never the system's.
 */
export function requestWithBlock(run: MixtureRun, aggregate: Aggregate, block: string): ChatRequest {
  const { body, options, caller } = run.request
  const messages = withSystemPrompt(run, aggregate, readableMessages(body.messages, aggregate.model.card))
  const streams = body.stream === true ? { stream_options: { ...body.stream_options, include_usage: true } } : {}
  return {
    body: {
      ...body,
      ...missingParams(run, aggregate),
      ...streams,
      model: aggregate.model.id,
      messages: withBlock(messages, block),
    },
    options,
    caller,
  }
}

/** The messages with one block behind them: a part of the last message of the user, or a message of its own. */
export function withBlock(messages: readonly ChatMessage[], block: string): readonly ChatMessage[] {
  const last = messages.at(-1)
  if (last?.role !== 'user') return [...messages, { role: 'user', content: block }]
  return messages.with(-1, appendText(last, block))
}

function missingParams({ request: { body } }: MixtureRun, { params }: Aggregate): Record<string, unknown> {
  return Object.fromEntries(Object.entries(params).filter(([field]) => (body[field] ?? null) === null))
}

function withSystemPrompt(
  run: MixtureRun,
  { systemPrompt }: Aggregate,
  messages: readonly ChatMessage[],
): readonly ChatMessage[] {
  return systemPrompt ? applySystemPrompt(messages, systemPrompt, mixtureValues(run)) : messages
}
