/**
 * Writes an answer as server-sent events while it forms. Errors that are known early keep their status code: nothing
 * is sent until the first chunk is here or 1.5 s have passed. From then on the stream is alive at least every 10 s.
 */
import type { ServerResponse } from 'node:http'
import type { ChatEvent, ChunkEvent, EndEvent } from '../chat/chat-event.ts'
import type { Clock } from '../chat/clock.ts'
import { writeSseComment, writeSseData } from '../wire/sse.ts'
import {
  chunkOfCompletion,
  type StreamHead,
  visibleUsage,
  writeChunk,
  writeRoleChunk,
  writeUsageChunk,
} from '../wire/openai-chat/write-answer.ts'
import type { LedgerRow } from '../chat/call-context.ts'
import { errorResponseOf } from './error-response.ts'

export interface StreamedAnswer {
  /** The id that the caller asked for. */
  readonly model: string
  /** For chunks of our own, before an upstream has given one. */
  readonly answerId: string
  readonly keepUsage: boolean
  /** The headers as they are known when the stream opens. */
  readonly headers: () => Readonly<Record<string, string>>
  /** The ledger's rows, where the caller asked for them. */
  readonly ledger: () => readonly LedgerRow[] | null
  readonly clock: Clock
}

const openAfterMs = 1500
const silenceMs = 5000

/** Writes `events` to `response` until their end. Throws what they throw; what was sent by then ends with an error frame. */
export async function streamResponse(
  response: ServerResponse,
  events: AsyncIterable<ChatEvent>,
  answer: StreamedAnswer,
): Promise<void> {
  const writer = new StreamWriter(response, answer)
  try {
    for await (const event of events) {
      if (event.type === 'end') writer.finish(event)
      else writer.chunk(event.type === 'chunk' ? event : { type: 'chunk', chunk: chunkOfCompletion(event.completion) })
      if (writer.isFull) await writer.drained()
    }
    writer.close()
  } catch (error) {
    if (writer.isOpen) writer.fail(error)
    throw error
  } finally {
    writer.stop()
  }
}

class StreamWriter {
  readonly #response: ServerResponse
  readonly #answer: StreamedAnswer
  readonly #cancelOpening: () => void
  #cancelSign: (() => void) | undefined
  /** The head of a stream that we opened ourselves; undefined while the upstream's own id and time stand. */
  #ownHead: StreamHead | undefined
  #lastHead: StreamHead | undefined
  #pending = ''
  #flushes = false
  #wroteSinceSign = false
  #wroteUsage = false
  isOpen = false

  constructor(response: ServerResponse, answer: StreamedAnswer) {
    this.#response = response
    this.#answer = answer
    this.#cancelOpening = answer.clock.after(openAfterMs, () => {
      this.#openEarly()
    })
  }

  get isFull(): boolean {
    return this.#response.writableNeedDrain && !this.#response.destroyed
  }

  chunk(event: ChunkEvent): void {
    const { model, keepUsage } = this.#answer
    const { id, created } = event.chunk
    if (!this.isOpen) this.#open()
    if (!this.#lastHead && !this.#beginsWithRole(event)) this.#send(writeRoleChunk({ id, created, model }))
    this.#lastHead ??= { id, created, model }
    const json = writeChunk(event, model, { head: this.#ownHead, keepUsage })
    if (json === null) return
    if (event.chunk.usage) this.#wroteUsage = true
    this.#send(json)
  }

  finish(end: EndEvent): void {
    if (!this.isOpen) this.#openEarly()
    const ledger = this.#answer.ledger()
    const usage = visibleUsage(end, ledger)
    const isOwn = usage !== end.usage
    if (this.#answer.keepUsage && usage && (isOwn || !this.#wroteUsage) && this.#lastHead) {
      this.#send(writeUsageChunk(this.#lastHead, usage))
    }
    this.#write(writeSseData('[DONE]'))
  }

  close(): void {
    this.#flush()
    this.#response.end()
  }

  /** After the first byte a failure is an error frame: no finish reason, no `[DONE]`, so that it is not taken for an end. */
  fail(error: unknown): void {
    this.#send(JSON.stringify(errorResponseOf(error).body))
    this.close()
  }

  stop(): void {
    this.#cancelOpening()
    this.#cancelSign?.()
  }

  drained(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#response.off('drain', done).off('close', done)
        resolve()
      }
      this.#response.on('drain', done).on('close', done)
    })
  }

  #open(): void {
    this.#cancelOpening()
    this.isOpen = true
    this.#response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
      ...this.#answer.headers(),
    })
    this.#scheduleSign()
  }

  #openEarly(): void {
    const { answerId: id, model, clock } = this.#answer
    this.#ownHead = { id, created: Math.floor(clock.wallTime() / 1000), model }
    this.#lastHead = this.#ownHead
    this.#open()
    this.#send(writeRoleChunk(this.#ownHead))
  }

  #beginsWithRole({ chunk }: ChunkEvent): boolean {
    return chunk.choices.length === 0 || chunk.choices.some((choice) => choice.delta.role !== undefined)
  }

  #scheduleSign(): void {
    this.#cancelSign = this.#answer.clock.after(silenceMs, () => {
      if (!this.#wroteSinceSign) this.#write(writeSseComment('keep-alive'))
      this.#wroteSinceSign = false
      this.#scheduleSign()
    })
  }

  #send(json: string): void {
    this.#write(writeSseData(json))
  }

  /** Everything that comes up in one turn of the loop goes out in one write. */
  #write(frame: string): void {
    this.#pending += frame
    this.#wroteSinceSign = true
    if (this.#flushes) return
    this.#flushes = true
    setImmediate(() => {
      this.#flush()
    })
  }

  #flush(): void {
    this.#flushes = false
    if (this.#pending === '' || this.#response.destroyed || this.#response.writableEnded) return
    this.#response.write(this.#pending)
    this.#pending = ''
  }
}
