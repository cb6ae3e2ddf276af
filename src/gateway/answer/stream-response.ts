/**
 * Writes an answer as server-sent events while it forms. Errors that are known early keep their status code: nothing
 * is sent until the first chunk is here or 1.4 s have passed. From then on the stream is alive at least every 10 s.
 */
import type { ServerResponse } from 'node:http'
import type { ChatEvent } from '../../chat/chat-event.ts'
import type { Clock } from '../../chat/clock.ts'
import { SlowClientError } from '../../chat/errors.ts'
import type { FrameWriter } from '../../wire/dialect.ts'
import type { Progress, ProgressListener } from '../../wire/progress.ts'
import { chunkOfCompletion } from '../../chat/chunk-of-completion.ts'
import { delivered, whyClosed } from './delivery.ts'
import { errorResponseOf } from '../error-response.ts'
import { signWanted } from '../edge/guard-connections.ts'

export interface StreamedAnswer {
  /** Says it in the caller's dialect. */
  readonly frames: FrameWriter
  /** The headers as they are known when the stream opens. */
  readonly headers: () => Readonly<Record<string, string>>
  readonly clock: Clock
  /** Tells of progress where the caller asked for it; the returned function ends that. */
  readonly listen?: (listener: ProgressListener) => () => void
}

/** A caller waits 1.5 s at most, on its own clock. */
const openAfterMs = 1400
const silenceMs = 5000
const mostPendingCharacters = 64 * 1024

/**
 * Writes `events` to `response` until their end, and waits until the caller has it. Throws what they throw; what was sent by
 * then ends with an error frame. @throws SlowClientError, CancelledError where the caller does not take it all
 */
export async function streamResponse(
  response: ServerResponse,
  events: AsyncIterable<ChatEvent>,
  answer: StreamedAnswer,
): Promise<void> {
  const writer = new StreamWriter(response, answer)
  try {
    for await (const event of events) {
      writer.event(event)
      if (writer.isFull) await writer.drained()
    }
    writer.close()
  } catch (error) {
    if (writer.isOpen) writer.fail(error)
    throw error
  } finally {
    writer.stop()
  }
  await delivered(response)
}

class StreamWriter {
  readonly #response: ServerResponse
  readonly #answer: StreamedAnswer
  readonly #frames: FrameWriter
  readonly #cancelOpening: () => void
  readonly #stopListening: (() => void) | undefined
  /** What happened before the stream was open. */
  #early: Progress[] = []
  #cancelSign: (() => void) | undefined
  #pending = ''
  #flushes = false
  #wroteSinceSign = false
  isOpen = false

  constructor(response: ServerResponse, answer: StreamedAnswer) {
    this.#response = response
    this.#answer = answer
    this.#frames = answer.frames
    this.#cancelOpening = answer.clock.after(openAfterMs, () => {
      this.#openEarly()
    })
    const { draft: writeDraft } = answer.frames
    this.#stopListening = answer.listen?.({
      progress: (progress) => {
        if (this.isOpen) this.#write(this.#frames.progress?.(progress) ?? '')
        else this.#early.push(progress)
      },
      draft: writeDraft
        ? (draft) => {
            this.#draft(() => writeDraft(draft))
          }
        : null,
    })
    response.on(signWanted, () => {
      this.#write(this.#frames.signOfLife)
    })
  }

  get isFull(): boolean {
    return this.#response.writableNeedDrain || this.#pending.length > mostPendingCharacters
  }

  event(event: ChatEvent): void {
    switch (event.type) {
      case 'chunk':
        // Progress comes before what the upstream says first, so the stream begins under an id of our own.
        if (!this.isOpen && this.#answer.listen) this.#openEarly()
        else if (!this.isOpen) this.#open()
        this.#write(this.#frames.chunk(event))
        break
      case 'completion':
        this.event({ type: 'chunk', chunk: chunkOfCompletion(event.completion) })
        break
      case 'end':
        if (!this.isOpen) this.#openEarly()
        this.#stopListening?.()
        this.#write(this.#frames.end(event))
        break
    }
  }

  close(): void {
    this.#flush()
    this.#response.end()
  }

  /** After the first byte a failure can only be told as a frame. */
  fail(error: unknown): void {
    this.#stopListening?.()
    this.#write(this.#frames.fail(errorResponseOf(error)))
    this.close()
  }

  stop(): void {
    this.#cancelOpening()
    this.#cancelSign?.()
    this.#stopListening?.()
  }

  /** Resolves when there is room again. @throws SlowClientError where the caller has made none for so long that it was given up */
  drained(): Promise<void> {
    this.#flush()
    const response = this.#response
    if (!response.writableNeedDrain || response.destroyed) return Promise.resolve()
    const { socket } = response
    return new Promise((resolve, reject) => {
      const drain = (): void => {
        response.off('close', close)
        resolve()
      }
      const close = (): void => {
        response.off('drain', drain)
        const why = whyClosed(socket)
        // Whoever has left for another reason ends the events, which know it.
        if (why instanceof SlowClientError) reject(why)
        else resolve()
      }
      response.once('drain', drain).once('close', close)
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
    this.#open()
    this.#write(this.#frames.begin())
    for (const progress of this.#early) this.#write(this.#frames.progress?.(progress) ?? '')
    this.#early = []
  }

  /** A caller that wants to see drafts sees them from their first word; one that reads too slowly for them misses some. */
  #draft(write: () => string): void {
    if (this.isFull) return
    if (!this.isOpen) this.#openEarly()
    this.#write(write())
  }

  #scheduleSign(): void {
    this.#cancelSign = this.#answer.clock.after(silenceMs, () => {
      if (!this.#wroteSinceSign) this.#write(this.#frames.signOfLife)
      this.#wroteSinceSign = false
      this.#scheduleSign()
    })
  }

  /** Everything that comes up in one turn of the loop goes out in one write. */
  #write(frames: string): void {
    if (frames === '') return
    this.#pending += frames
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
