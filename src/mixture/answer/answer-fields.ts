import type { ChatBody } from '../../chat/chat-request.ts'

/**
 * What the client asked of the answer, not of what leads to it: a cap or a schema must not cut drafts, and only the
 * aggregate acts. Reasoning effort is each member's own matter.
 */
const answerFields: ReadonlySet<string> = new Set([
  'max_tokens',
  'max_completion_tokens',
  'stop',
  'response_format',
  'logprobs',
  'top_logprobs',
  'n',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'functions',
  'function_call',
  'reasoning_effort',
  'reasoning',
  'modalities',
  'audio',
  'prediction',
  'stream',
  'stream_options',
])

const toolFields = ['tools', 'tool_choice', 'parallel_tool_calls'] as const

/** The fields that let a model act. */
export function toolFieldsOf(body: ChatBody): Partial<ChatBody> {
  return Object.fromEntries(toolFields.flatMap((field) => (field in body ? [[field, body[field]]] : [])))
}

/** The body without the fields that shape the answer alone. */
export function withoutAnswerFields(body: ChatBody): ChatBody {
  const { model, messages, ...fields } = body
  const kept = Object.entries(fields).filter(([field]) => !answerFields.has(field))
  return { model, messages, ...Object.fromEntries(kept) }
}
