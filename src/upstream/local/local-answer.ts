import type { ChatChunk, ChatDelta, ChatEvent, CompletionChoice } from '../../chat/chat-event.ts'
import type { ChatBody } from '../../chat/chat-request.ts'
import { UpstreamError } from '../../chat/errors.ts'
import { type WireUsage, wireUsageOf } from '../../chat/usage.ts'
import { grammarSchemaOf } from './grammar-schema.ts'
import type { LlamaGrammar } from './llama-binding.ts'
import type { Generation, LocalPrompt, LocalSession } from './local-session.ts'

/** An answer in the making: what is asked, who writes it, and where its events go. */
export interface LocalAnswer {
  readonly body: ChatBody
  readonly session: LocalSession
  readonly prompt: LocalPrompt
  readonly head: Pick<ChatChunk, 'id' | 'created' | 'model'>
  readonly push: (event: ChatEvent) => void
  readonly signal: AbortSignal
}

/** Writes every choice in turn; the events are those of an upstream that was asked to stream, or not to. */
export async function writeAnswer(answer: LocalAnswer): Promise<void> {
  const { body, head, push } = answer
  const grammar = await grammarOf(answer)
  const written: WrittenChoice[] = []
  for (let index = 0; index < (body.n ?? 1); index += 1) written.push(await writeChoice(answer, index, grammar))
  const usage = usageOf(
    answer.prompt,
    written.map(({ generation }) => generation),
  )
  if (body.stream !== true) {
    const choices = written.map(({ choice }) => choice)
    push({ type: 'completion', completion: { ...head, object: 'chat.completion', choices, usage } })
  } else if (body.stream_options?.include_usage === true) {
    push({ type: 'chunk', chunk: { ...head, object: 'chat.completion.chunk', choices: [], usage } })
  }
  push({ type: 'end', usage })
}

interface WrittenChoice {
  readonly choice: CompletionChoice
  readonly generation: Generation
}

async function writeChoice(
  answer: LocalAnswer,
  index: number,
  grammar: LlamaGrammar | undefined,
): Promise<WrittenChoice> {
  const { body, session, prompt, signal } = answer
  const say = body.stream === true ? speaker(answer, index) : () => undefined
  let content = ''
  say({ role: 'assistant', content: '' })
  const generation = await session.generate(prompt, {
    ...samplingOf(body, index),
    ...(grammar ? { grammar } : {}),
    maxTokens: Math.min(limitOf(body), session.contextSize - prompt.tokens.length),
    stops: typeof body.stop === 'string' ? [body.stop] : (body.stop ?? []),
    onText: (text) => {
      content += text
      say({ content: text })
    },
    signal,
  })
  say({}, generation.finishReason)
  const choice = { index, message: { role: 'assistant', content }, finish_reason: generation.finishReason }
  return { choice, generation }
}

function speaker({ head, push }: LocalAnswer, index: number): (delta: ChatDelta, finishReason?: string) => void {
  return (delta, finishReason) => {
    const choices = [{ index, delta, finish_reason: finishReason ?? null }]
    push({ type: 'chunk', chunk: { ...head, object: 'chat.completion.chunk', choices } })
  }
}

const defaultTemperature = 0.7

/** Choices with the same seed would be the same. */
function samplingOf({ temperature, top_p: topP, seed }: ChatBody, index: number) {
  return {
    temperature: temperature ?? defaultTemperature,
    ...(typeof topP === 'number' ? { topP } : {}),
    ...(typeof seed === 'number' ? { seed: seed + index } : {}),
  }
}

/** Tokens; what is not above 0 means no limit. */
function limitOf({ max_completion_tokens, max_tokens }: ChatBody): number {
  const limit = max_completion_tokens ?? max_tokens ?? 0
  return limit > 0 ? limit : Infinity
}

async function grammarOf({ body, session, head }: LocalAnswer): Promise<LlamaGrammar | undefined> {
  const format = body.response_format
  if (format?.type === 'json_object') return session.grammarOf()
  if (format?.type !== 'json_schema') return undefined
  try {
    return await session.grammarOf(grammarSchemaOf(format.json_schema?.schema))
  } catch (cause) {
    const message = `Model "${head.model}" cannot be held to the schema of response_format: ${String(cause)}`
    throw new UpstreamError('upstream_bad_request', message, { cause })
  }
}

function usageOf({ tokens }: LocalPrompt, generations: readonly Generation[]): WireUsage {
  return wireUsageOf({
    promptTokens: tokens.length,
    completionTokens: generations.reduce((total, { completionTokens }) => total + completionTokens, 0),
    cachedTokens: generations[0]?.cachedTokens ?? 0,
    reasoningTokens: 0,
  })
}
