/** A provider of the language model specification in process: says the parts it is told to, and remembers what it was asked. */
import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4Content,
  LanguageModelV4FinishReason,
  LanguageModelV4GenerateResult,
  LanguageModelV4StreamPart,
  LanguageModelV4Usage,
} from '@ai-sdk/provider'

export interface FakeProvider extends LanguageModelV4 {
  readonly calls: readonly LanguageModelV4CallOptions[]
}

export interface FakeProviderScript {
  /** What a streamed call gives, in order; an `Error` breaks the stream. */
  readonly parts?: readonly (LanguageModelV4StreamPart | Error)[]
  /** What a whole call gives. Default: what `parts` say. */
  readonly result?: Partial<LanguageModelV4GenerateResult>
  /** Thrown by both. */
  readonly fails?: unknown
  /** Never answers, and does not listen to the signal. */
  readonly hangs?: boolean
}

const usage: LanguageModelV4Usage = {
  inputTokens: { total: 9, noCache: 5, cacheRead: 4, cacheWrite: 0 },
  outputTokens: { total: 7, text: 4, reasoning: 3 },
}

export function createFakeProvider(script: FakeProviderScript): FakeProvider {
  const calls: LanguageModelV4CallOptions[] = []
  const begin = async (options: LanguageModelV4CallOptions): Promise<void> => {
    calls.push(options)
    if (script.hangs === true) await new Promise(() => undefined)
    if (script.fails !== undefined) throw script.fails as Error
  }
  return {
    specificationVersion: 'v4',
    provider: 'fake',
    modelId: 'fake-1',
    supportedUrls: {},
    calls,
    doGenerate: async (options) => {
      await begin(options)
      return { content: [], finishReason: ended(), usage, warnings: [], ...script.result }
    },
    doStream: async (options) => {
      await begin(options)
      return { stream: streamOf(script.parts ?? []) }
    },
  }
}

/** A provider that says a text, whole and streamed. */
export function createSayingProvider(text: string): FakeProvider {
  const content: LanguageModelV4Content[] = [{ type: 'text', text }]
  return createFakeProvider({ parts: [...textParts(text), finishPart()], result: { content } })
}

/** A text as a block of deltas. */
export function textParts(text: string): LanguageModelV4StreamPart[] {
  const words = text.split(/(?<= )/)
  return [
    { type: 'text-start', id: 't' },
    ...words.map((delta): LanguageModelV4StreamPart => ({ type: 'text-delta', id: 't', delta })),
    { type: 'text-end', id: 't' },
  ]
}

/** The part that ends a stream. */
export function finishPart(finishReason: Partial<LanguageModelV4FinishReason> = {}): LanguageModelV4StreamPart {
  return { type: 'finish', usage, finishReason: { ...ended(), ...finishReason } }
}

function ended(): LanguageModelV4FinishReason {
  return { unified: 'stop', raw: 'end_turn' }
}

function streamOf(parts: readonly (LanguageModelV4StreamPart | Error)[]): ReadableStream<LanguageModelV4StreamPart> {
  const left = [...parts]
  return new ReadableStream({
    pull: (controller) => {
      const next = left.shift()
      if (next === undefined) controller.close()
      else if (next instanceof Error) controller.error(next)
      else controller.enqueue(next)
    },
  })
}
