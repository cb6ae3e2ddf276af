import type { ChatEvent } from '../../chat/chat-event.ts'
import type { Clock } from '../../chat/clock.ts'
import type { EventTap } from '../../chat/tap-events.ts'
import type { Exchange } from './exchange.ts'
import type { FailingModel } from './failure.ts'
import { answerKindOf, type BodySource } from './read-body.ts'

/** One call to a server: what was sent, and how what it answers is read. */
export interface OpenedCall {
  /** Made by the caller, so that the text of the request's body is not held until the answer begins. */
  readonly exchange: Exchange
  readonly model: FailingModel
  readonly isStreamed: boolean
  readonly clock: Clock
  readonly readStream: (source: BodySource) => AsyncIterable<ChatEvent> | Promise<AsyncIterable<ChatEvent>>
  readonly readWhole: (source: BodySource) => AsyncIterable<ChatEvent>
}

/** The events of the answer; the connection is let go of when they end. @throws UpstreamError */
export async function openAnswer(call: OpenedCall): Promise<EventTap> {
  const { exchange, model, readStream, readWhole } = call
  const source: BodySource = { exchange, model }
  const close = (): void => {
    exchange.close()
  }
  try {
    const kind = await answerKindOf(source, call)
    return { events: kind === 'events' ? await readStream(source) : readWhole(source), close }
  } catch (error) {
    close()
    throw error
  }
}
