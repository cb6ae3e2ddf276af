/**
 * A model that is made up: it answers in process, without a key and without a network, so that every part of MoLLMR can
 * be tried. What it says depends on its seed, its name and the request alone; all of it is labelled as simulated.
 */
import type { CallContext } from '../../chat/call-context.ts'
import type { ChatChunk, ChatEvent } from '../../chat/chat-event.ts'
import { type ChatModel, createModelCard, type ModelCard } from '../../chat/chat-model.ts'
import type { ChatBody, ChatRequest } from '../../chat/chat-request.ts'
import { UpstreamError } from '../../chat/errors.ts'
import { composeReplies, randomFor, type Reply } from './compose-reply.ts'
import { Pace, type PaceOptions } from './pace.ts'
import { readPrompt } from './read-prompt.ts'
import { hashOf } from './seeded-random.ts'
import { choiceOf, deltasOf, finishReasonOf, usageOf } from './write-reply.ts'

export interface SimulatedModelOptions extends Partial<SimulatedKnobs> {
  readonly id: string
  /** What the upstream calls it. Default: `id`. */
  readonly name?: string
  readonly card?: ModelCard
}

interface SimulatedKnobs extends PaceOptions {
  /** Default: 1. */
  readonly seed: number
  /** 0 to 1: the share of requests that fail; the same request fails always or never. Default: 0. */
  readonly failureRate: number
  /** 0 to 1: the share of closed questions that are answered right. Default: 1. */
  readonly accuracy: number
}

const defaultKnobs: SimulatedKnobs = {
  seed: 1,
  failureRate: 0,
  accuracy: 1,
  firstTokenMs: 0,
  tokensPerSecond: Infinity,
}

/** Makes the bare model; `withinDeadline` and `recordCalls` give it what a catalog's models have. */
export function createSimulatedModel(options: SimulatedModelOptions): ChatModel {
  const card = createModelCard({ ...options.card, kind: 'model', ownedBy: 'simulated', simulated: true })
  const character = { ...defaultKnobs, ...options, name: options.name ?? options.id }
  return { id: options.id, card, chat: (request, context) => chat(character, request, context) }
}

type SimulatedCharacter = SimulatedKnobs & { readonly id: string; readonly name: string }

async function* chat(
  character: SimulatedCharacter,
  { body }: ChatRequest,
  context: CallContext,
): AsyncGenerator<ChatEvent> {
  const pace = new Pace(character, context)
  await pace.tokens(0)
  const prompt = readPrompt(body.messages)
  if (randomFor(body, { prompt, character }, 'failure').next() < character.failureRate) throw failureOf(character)
  const replies = composeReplies(body, character)
  const head = headOf(character.name, replies, context)
  const answer = { body, replies, head, usage: usageOf(body, replies) }
  yield* body.stream === true ? streamed(answer, pace) : whole(answer, pace)
  yield { type: 'end', usage: answer.usage }
}

interface SimulatedAnswer {
  readonly body: ChatBody
  readonly replies: readonly Reply[]
  readonly head: Pick<ChatChunk, 'id' | 'created' | 'model' | 'system_fingerprint'>
  readonly usage: ReturnType<typeof usageOf>
}

async function* streamed({ body, replies, head, usage }: SimulatedAnswer, pace: Pace): AsyncGenerator<ChatEvent> {
  const chunkOf = (choices: ChatChunk['choices'], fields: Partial<ChatChunk> = {}): ChatEvent => ({
    type: 'chunk',
    chunk: { ...head, object: 'chat.completion.chunk', choices, ...fields },
  })
  for (const [index, reply] of replies.entries()) {
    yield chunkOf([{ index, delta: { role: 'assistant', content: '' }, finish_reason: null }])
    for (const delta of deltasOf(reply)) {
      await pace.tokens(1)
      yield chunkOf([{ index, delta, finish_reason: null }])
    }
    yield chunkOf([{ index, delta: {}, finish_reason: finishReasonOf(reply) }])
  }
  if (body.stream_options?.include_usage === true) yield chunkOf([], { usage })
}

async function* whole({ replies, head, usage }: SimulatedAnswer, pace: Pace): AsyncGenerator<ChatEvent> {
  await pace.tokens(usage.completion_tokens)
  const completion = { ...head, object: 'chat.completion', choices: replies.map(choiceOf), usage }
  yield { type: 'completion', completion }
}

function headOf(model: string, replies: readonly Reply[], { clock }: CallContext): SimulatedAnswer['head'] {
  const text = replies.map(({ pieces }) => pieces.join('')).join('\n')
  return {
    id: `chatcmpl-simulated-${hashOf(text).toString(16)}`,
    created: Math.floor(clock.wallTime() / 1000),
    model,
    system_fingerprint: 'simulated',
  }
}

function failureOf({ id, failureRate }: SimulatedCharacter): UpstreamError {
  const message = `The simulated model "${id}" fails on purpose: its failure_rate is ${failureRate}. Lower it for fewer failures.`
  return new UpstreamError('upstream_error', message)
}
