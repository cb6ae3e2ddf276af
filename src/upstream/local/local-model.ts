/**
 * A model that runs in this process: a GGUF file read by `node-llama-cpp`, an optional peer. The conversation is written
 * with the model's own chat template; tokens are counted by its own tokenizer.
 */
import { randomUUID } from 'node:crypto'
import type { CallContext } from '../../chat/call-context.ts'
import type { ChatEvent } from '../../chat/chat-event.ts'
import { type ChatModel, createModelCard, type ModelCard } from '../../chat/chat-model.ts'
import type { ChatRequest } from '../../chat/chat-request.ts'
import { CancelledError, isMollmrError, type MollmrError, UpstreamError } from '../../chat/errors.ts'
import { linkAbort } from '../../chat/link-abort.ts'
import { EventQueue } from './event-queue.ts'
import { writeAnswer } from './local-answer.ts'
import type { LocalEngine, LocalFile } from './local-engine.ts'
import { turnsOf } from './local-request.ts'
import type { LocalPrompt, LocalSession } from './local-session.ts'

export interface LocalModelOptions extends LocalFile {
  readonly id: string
  readonly card?: ModelCard
  /** Shared by all local models of a process. */
  readonly engine: LocalEngine
}

/** Makes the bare model; nothing is loaded before it is asked. It reads text alone and calls no tools. */
export function createLocalModel(options: LocalModelOptions): ChatModel {
  const { id, card = createModelCard({ kind: 'model', ownedBy: 'local' }) } = options
  return {
    id,
    card: { ...card, modalities: ['text'], tools: false },
    chat: (request, context) => chat(options, request, context),
  }
}

/** Native code cannot be interrupted, so it runs beside the events, and a reader who leaves does not wait for it. */
async function* chat(
  options: LocalModelOptions,
  request: ChatRequest,
  context: CallContext,
): AsyncGenerator<ChatEvent> {
  const link = linkAbort(context.signal)
  const events = new EventQueue(link.signal)
  try {
    answerInto(events, { options, request, context: { ...context, signal: link.signal } })
    yield* events
  } finally {
    link.abort(new CancelledError())
    link.release()
  }
}

interface LocalCall {
  readonly options: LocalModelOptions
  readonly request: ChatRequest
  readonly context: CallContext
}

function answerInto(events: EventQueue, { options, request: { body }, context }: LocalCall): void {
  const { id, engine } = options
  const turns = turnsOf(body, id)
  const head = { id: `chatcmpl-${randomUUID()}`, created: Math.floor(context.clock.wallTime() / 1000), model: id }
  const push = (event: ChatEvent): void => {
    events.push(event)
  }
  const answered = engine.use(options, async (session) => {
    const prompt = session.promptOf(turns)
    refuseOverflow(id, prompt, session)
    await writeAnswer({ body, session, prompt, head, push, signal: context.signal })
  })
  answered.then(
    () => {
      events.end()
    },
    (error: unknown) => {
      events.end({ error: failureOf(id, error) })
    },
  )
}

function refuseOverflow(id: string, { tokens }: LocalPrompt, { contextSize }: LocalSession): void {
  if (tokens.length < contextSize) return
  const message = `The conversation takes ${tokens.length} tokens, and model "${id}" has room for ${contextSize} with the answer. Shorten it, or raise context_size of its upstream.`
  throw new UpstreamError('context_length_exceeded', message)
}

function failureOf(id: string, cause: unknown): MollmrError {
  if (isMollmrError(cause)) return cause
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new UpstreamError('upstream_error', `Model "${id}" failed in this process: ${reason}`, { cause })
}
