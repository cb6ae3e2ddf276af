/**
 * A dialect is one API that clients speak. It reads their requests into the one `ChatRequest` and writes answers the
 * way they expect them. The gateway knows no more of a dialect than this contract; a dialect knows nothing of HTTP but
 * bodies and frames.
 */
import type { LedgerRow } from '../chat/call-context.ts'
import type { ChunkEvent, EndEvent } from '../chat/chat-event.ts'
import type { Caller, ChatRequest, RelayedDialect } from '../chat/chat-request.ts'
import type { Answer } from '../chat/collect-answer.ts'
import type { DraftText, Progress, ProgressStyle } from './progress.ts'

export interface Dialect {
  /** Set where only single models can answer, on an upstream that speaks the dialect itself. */
  readonly relayedAs?: RelayedDialect
  /** Where its clients look for the id of their request, beside `x-request-id`. */
  readonly requestIdHeader?: string
  /**
   * @param bytes the body as it came, UTF-8 JSON
   * @throws RequestError with `param` where a field cannot be meant
   */
  parse(bytes: Uint8Array, caller: Caller): ParsedRequest
  /** The body of a failure that is known before the first byte. */
  writeError(failure: Failure, requestId: string): object
}

/** A request, and how its answer is to be written. */
export interface ParsedRequest {
  readonly request: ChatRequest
  /** What no model but one of this dialect understands, and so does not reach the others: fields and kinds of tools. */
  readonly dropped: readonly string[]
  /** The JSON of a whole answer. */
  writeAnswer(answer: Answer, facts: AnswerFacts): string
  createFrames(facts: AnswerFacts): FrameWriter
}

/** What an answer says beside what the model said. */
export interface AnswerFacts {
  readonly requestId: string
  /** Seconds since 1970, for what no upstream has dated. */
  readonly now: () => number
  /** The ledger's rows, where the caller asked for them. */
  readonly ledger: () => readonly LedgerRow[] | null
  /** True where an upstream of the caller's own dialect may answer, whose first frame is the one to begin with. */
  readonly mayBeNative?: boolean
  /** How the caller wants to hear of progress. Default: not at all. */
  readonly progress?: readonly ProgressStyle[]
}

/**
 * Writes one stream. Each method gives the text to send, frames complete with their blank line, and an empty text where
 * there is nothing to say.
 */
export interface FrameWriter {
  /** What can be said before any model has spoken. Called at most once, before everything else. */
  begin(): string
  chunk(event: ChunkEvent): string
  /** Between `begin` and `end`, in the ways that the caller asked for and the dialect has. */
  progress?(progress: Progress): string
  /** Where the dialect has it, for a caller that asked to see drafts; null where it did not. */
  readonly draft?: ((draft: DraftText) => string) | null
  end(event: EndEvent): string
  /** Ends the stream so that no client takes it for a good end. */
  fail(failure: Failure): string
  /** Keeps proxies and clients waiting while nothing else is said. */
  readonly signOfLife: string
}

/** A failure as the gateway's table puts it. */
export interface Failure {
  readonly status: number
  readonly body: ErrorBody
}

/** The OpenAI form of an error, which has everything that the other dialects say. */
export interface ErrorBody {
  readonly error: {
    readonly message: string
    readonly type: string
    readonly param: string | null
    readonly code: string
    /** Of a mixture: why each worker has no draft. */
    readonly details?: readonly { readonly worker: string; readonly code: string; readonly message: string }[]
  }
}
