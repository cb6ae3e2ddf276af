import { carriesContent, type ChunkEvent, type EndEvent } from '../../chat/chat-event.ts'
import type { AnswerFacts, Failure, FrameWriter } from '../dialect.ts'
import { type DraftText, type Progress, progressLine, wireProgress, writeProgressComment } from '../progress.ts'
import { writeSseComment, writeSseData } from '../sse.ts'
import { SingleEnding } from './single-ending.ts'
import {
  type StreamHead,
  visibleUsage,
  writeChunk,
  writeReasoningChunk,
  writeRoleChunk,
  writeTellingChunk,
  writeUsageChunk,
} from './write-answer.ts'

export interface ChatFramesOptions {
  /** The id that the caller asked for. */
  readonly model: string
  /** Whether the caller asked for `stream_options.include_usage`. */
  readonly keepUsage: boolean
}

/** Writes a stream of `chat.completion.chunk` objects under one id, one time and one model. */
export class ChatFrames implements FrameWriter {
  readonly signOfLife = writeSseComment('keep-alive')
  readonly draft: ((draft: DraftText) => string) | null
  readonly #options: ChatFramesOptions
  readonly #facts: AnswerFacts
  /** The head of a stream that we opened ourselves; undefined while the upstream's own id and time stand. */
  #ownHead: StreamHead | undefined
  #lastHead: StreamHead | undefined
  readonly #ending = new SingleEnding()
  #wroteUsage = false
  #hasContent = false

  constructor(options: ChatFramesOptions, facts: AnswerFacts) {
    this.#options = options
    this.#facts = facts
    const writeDraft = (draft: DraftText): string => this.#ownFrame({ draft })
    this.draft = facts.progress?.includes('drafts') === true ? writeDraft : null
  }

  begin(): string {
    const { requestId, now } = this.#facts
    this.#ownHead = { id: `chatcmpl-${requestId}`, created: now(), model: this.#options.model }
    this.#lastHead = this.#ownHead
    return writeSseData(writeRoleChunk(this.#ownHead))
  }

  chunk(event: ChunkEvent): string {
    const passed = this.#ending.pass(event)
    if (!passed) return ''
    const opening = this.#lastHead ? '' : this.#openWith(passed)
    this.#hasContent ||= this.#facts.progress !== undefined && carriesContent(passed)
    return opening + this.#frameOf(passed)
  }

  /** Reasoning ends where the answer begins: a line between its words would be taken for a thought of its author. */
  progress(progress: Progress): string {
    const head = this.#lastHead
    const styles = this.#facts.progress ?? []
    if (!head) return ''
    const line = styles.includes('reasoning') && !this.#hasContent ? progressLine(progress) : ''
    return [
      styles.includes('comments') ? writeProgressComment(progress) : '',
      styles.includes('chunks') ? this.#ownFrame({ progress: wireProgress(progress) }) : '',
      line === '' ? '' : writeSseData(writeReasoningChunk(head, line)),
    ].join('')
  }

  end(end: EndEvent): string {
    return this.#usageFrame(end) + writeSseData('[DONE]')
  }

  /** An error frame: no finish reason, no `[DONE]`. */
  fail({ body }: Failure): string {
    return writeSseData(JSON.stringify(body))
  }

  #ownFrame(mollmr: Readonly<Record<string, unknown>>): string {
    return this.#lastHead ? writeSseData(writeTellingChunk(this.#lastHead, mollmr)) : ''
  }

  #openWith(event: ChunkEvent): string {
    const { id, created } = event.chunk
    this.#lastHead = { id, created, model: this.#options.model }
    return beginsWithRole(event) ? '' : writeSseData(writeRoleChunk(this.#lastHead))
  }

  #frameOf(event: ChunkEvent): string {
    const { model, keepUsage } = this.#options
    const json = writeChunk(event, model, { head: this.#ownHead, keepUsage })
    if (json === null) return ''
    if (event.chunk.usage) this.#wroteUsage = true
    return writeSseData(json)
  }

  /** The upstream's own words where nothing is to be added to them. */
  #usageFrame(end: EndEvent): string {
    if (!this.#options.keepUsage || !this.#lastHead) return ''
    const usage = visibleUsage(end, this.#facts.ledger())
    const isOwn = usage !== end.usage
    if (this.#ending.usage && !isOwn) return this.#frameOf(this.#ending.usage)
    return usage && (isOwn || !this.#wroteUsage) ? writeSseData(writeUsageChunk(this.#lastHead, usage)) : ''
  }
}

function beginsWithRole({ chunk }: ChunkEvent): boolean {
  return chunk.choices.length === 0 || chunk.choices.some((choice) => choice.delta.role !== undefined)
}
