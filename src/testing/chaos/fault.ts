/** One way in which an upstream can be wrong, and what MoLLMR promises to make of it. */
import type { Socket } from 'node:net'
import type { ErrorCode } from '../../chat/errors.ts'

/** A call as it came in over the socket. */
export interface ChaosCall {
  readonly model: string
  readonly isStreamed: boolean
  readonly socket: Socket
  /** Numbers from 0 to 1 that depend on the seed and the call alone. */
  readonly random: () => number
}

/** What a single model behind the gateway gives: an answer, or the code of a failure. */
export type Outcome = 'ok' | ErrorCode

export interface Fault {
  /** Of an answer in one piece, and of a stream. A failure after the first content is an error frame. */
  readonly whole: Outcome
  readonly streamed: Outcome
  /** True where the stream has said something before it fails. */
  readonly hasBegun?: boolean
  /** True where the failure shows only when a time limit is reached. */
  readonly isSlow?: boolean
  /** Says what it says and then ends, closes, or leaves the socket as it is. */
  play(call: ChaosCall): void
}
