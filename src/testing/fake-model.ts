/** A scripted model in process: says what a test tells it to, when it tells it to, and remembers what it was asked. */
import type { CallContext } from '../chat/call-context.ts'
import type { ChatChunk, ChatDelta, ChatEvent } from '../chat/chat-event.ts'
import { type ChatModel, createModelCard, type ModelCard } from '../chat/chat-model.ts'
import type { ChatRequest } from '../chat/chat-request.ts'
import { sleep } from '../chat/clock.ts'
import { abortErrorOf, throwIfAborted } from '../chat/link-abort.ts'
import { type WireUsage } from '../chat/usage.ts'

export type FakeStep = DeltaStep | { readonly waitMs: number } | { readonly hang: true } | { readonly fail: Error }

interface DeltaStep {
  readonly delta: ChatDelta
  readonly finish?: string | null
  /** Those of the choice, as upstreams send them. */
  readonly logprobs?: unknown
}

export interface FakeCall {
  readonly request: ChatRequest
  readonly context: CallContext
  /** How the call ended; undefined while it runs. */
  outcome?: 'ok' | 'failed' | 'aborted'
}

export interface FakeModelOptions {
  readonly card?: Partial<ModelCard>
  readonly usage?: WireUsage | null
  /** The steps of one call; `call` counts from 0. */
  readonly script: (request: ChatRequest, call: number) => readonly FakeStep[]
}

export interface FakeModel extends ChatModel {
  readonly calls: readonly FakeCall[]
}

export function createFakeModel(id: string, options: FakeModelOptions): FakeModel {
  const calls: FakeCall[] = []
  const card = createModelCard({ kind: 'model', ownedBy: 'fake', ...options.card })
  return {
    id,
    card,
    calls,
    chat(request, context) {
      const call: FakeCall = { request, context }
      const steps = options.script(request, calls.length)
      calls.push(call)
      return play(call, { id, steps, usage: options.usage ?? null })
    },
  }
}

/** A model that answers every request with the same text, in pieces. */
export function createSayingModel(id: string, text: string, usage: WireUsage | null = null): FakeModel {
  return createFakeModel(id, { usage, script: () => textSteps(text) })
}

/** A model that always fails with `error`. */
export function createFailingModel(id: string, error: Error): FakeModel {
  return createFakeModel(id, { script: () => [{ fail: error }] })
}

/** A text as deltas of at most `size` characters, ended with `stop`. */
export function textSteps(text: string, size = 8): FakeStep[] {
  const characters = Array.from(text)
  const steps: FakeStep[] = [{ delta: { role: 'assistant', content: '' } }]
  for (let at = 0; at < characters.length; at += size) {
    steps.push({ delta: { content: characters.slice(at, at + size).join('') } })
  }
  return [...steps, { delta: {}, finish: 'stop' }]
}

interface Play {
  readonly id: string
  readonly steps: readonly FakeStep[]
  readonly usage: WireUsage | null
}

async function* play(call: FakeCall, { id, steps, usage }: Play): AsyncGenerator<ChatEvent> {
  const { signal, clock } = call.context
  let ended: FakeCall['outcome'] = 'aborted'
  try {
    for (const step of steps) {
      throwIfAborted(signal)
      if ('delta' in step) yield { type: 'chunk', chunk: chunkOf(id, step) }
      else if ('waitMs' in step) await sleep(clock, step.waitMs, signal).catch(() => undefined)
      else if ('hang' in step) await untilAborted(signal)
      else {
        ended = 'failed'
        throw step.fail
      }
    }
    throwIfAborted(signal)
    ended = 'ok'
    yield { type: 'end', usage }
  } finally {
    call.outcome = ended
  }
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const abort = (): void => {
      reject(abortErrorOf(signal))
    }
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
  })
}

function chunkOf(model: string, { delta, finish = null, logprobs }: DeltaStep): ChatChunk {
  const choice = { index: 0, delta, finish_reason: finish }
  return {
    id: 'chatcmpl-fake',
    object: 'chat.completion.chunk',
    created: 1_700_000_000,
    model,
    choices: [logprobs === undefined ? choice : { ...choice, logprobs }],
  }
}
