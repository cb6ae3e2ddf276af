/** The base model: the small model that a router asks what to do, in one short call that is traced and bounded. */
import type { CallContext } from '../chat/call-context.ts'
import type { ChatModel } from '../chat/chat-model.ts'
import { type ChatBody, createChatRequest } from '../chat/chat-request.ts'
import { collectAnswer } from '../chat/collect-answer.ts'
import { withinDeadline } from '../chat/within-deadline.ts'
import { type ErrorCode, isMollmrError } from '../chat/errors.ts'

/** What a base model replied, and how likely it thought each first token; empty where the upstream does not say. */
export interface BaseModelReply {
  readonly text: string
  readonly firstTokens: readonly TokenLikelihood[]
}

interface TokenLikelihood {
  readonly token: string
  /** Natural logarithm of the probability. */
  readonly logprob: number
}

/** Asks the model one question; the span of `context` keeps the raw reply. */
export async function askBaseModel(
  model: ChatModel,
  question: { readonly prompt: string; readonly fields: Partial<ChatBody> },
  context: CallContext,
): Promise<BaseModelReply> {
  const messages = [{ role: 'user', content: question.prompt }]
  const request = createChatRequest({ model: model.id, messages, stream: false, ...question.fields })
  const answer = await collectAnswer(withinDeadline(model).chat(request, context))
  context.span.set({ reply: answer.text })
  return { text: answer.text, firstTokens: firstTokensOf(answer.completion.choices[0]?.['logprobs']) }
}

/** True where an upstream does not take the form of a question, as opposed to failing at it. */
export function isRefusal(error: unknown): boolean {
  return isMollmrError(error) && refusals.has(error.code)
}

const refusals: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'upstream_bad_request',
  'unsupported_parameter',
  'invalid_request',
])

function firstTokensOf(logprobs: unknown): TokenLikelihood[] {
  const [first] = listIn(logprobs, 'content')
  return listIn(first, 'top_logprobs').filter(isLikelihood)
}

function listIn(value: unknown, field: string): readonly unknown[] {
  const list = (value as Readonly<Record<string, unknown>> | null | undefined)?.[field]
  return Array.isArray(list) ? list : []
}

function isLikelihood(value: unknown): value is TokenLikelihood {
  const { token, logprob } = (value ?? {}) as Partial<TokenLikelihood>
  return typeof token === 'string' && typeof logprob === 'number' && !Number.isNaN(logprob)
}
