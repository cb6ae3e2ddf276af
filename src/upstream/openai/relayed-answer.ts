/** Reads answers of `/embeddings` and `/completions`, which go on as they came; what they took is said beside them. */
import type { ChatChunk, ChatCompletion, ChatEvent } from '../../chat/chat-event.ts'
import type { RelayedDialect } from '../../chat/chat-request.ts'
import { UpstreamError } from '../../chat/errors.ts'
import { parseUsage, type WireUsage, wireUsageOf } from '../../chat/usage.ts'
import { AnswerLimit } from '../answer-limit.ts'
import { type Fields, isObject, textIn } from '../../chat/loose-json.ts'
import { failureOfAnswer } from '../http/failure.ts'
import { type BodySource, parseFields, readText } from '../http/read-body.ts'
import { readFrames } from '../http/read-frames.ts'

export interface RelayedSource extends BodySource {
  readonly dialect: RelayedDialect
  /** Seconds since 1970, where the server says none. */
  readonly created: number
  readonly maxAnswerCharacters: number
}

const endMark = '[DONE]'

/** The one `completion` event of a body, then the end. */
export async function* readRelayed(source: RelayedSource): AsyncGenerator<ChatEvent> {
  const { model, dialect } = source
  const json = await readText(source)
  const body = parseFields(json, model)
  requireAnswer(source, body)
  const choices = choicesIn(body).map(({ text, ...choice }) => ({
    ...choice,
    message: { role: 'assistant', content: text },
  }))
  const completion: ChatCompletion = { ...headOf(body, source), object: 'chat.completion', choices }
  new AnswerLimit(model.id, source.maxAnswerCharacters).addWhole(completion)
  yield { type: 'completion', completion, native: { dialect, json } }
  yield { type: 'end', usage: usageIn(body) }
}

/** One `chunk` event per frame, then the end. Whatever comes behind `[DONE]` is not read. */
export async function* readRelayedStream(source: RelayedSource): AsyncGenerator<ChatEvent> {
  const progress = new TextProgress(source)
  for await (const frames of readFrames(source)) {
    for (const { event, data } of frames) {
      if (data === endMark) {
        yield progress.end()
        return
      }
      if (data === '') continue
      const chunk = progress.read(parseFields(data, source.model))
      yield { type: 'chunk', chunk, native: { dialect: source.dialect, event, json: data } }
    }
  }
  progress.requireFinish()
  yield progress.end()
}

/** What a stream of texts has said so far, to know whether its end is one. */
class TextProgress {
  readonly #source: RelayedSource
  readonly #limit: AnswerLimit
  #hasFinished = false
  #usage: WireUsage | null = null

  constructor(source: RelayedSource) {
    this.#source = source
    this.#limit = new AnswerLimit(source.model.id, source.maxAnswerCharacters)
  }

  read(frame: Fields): ChatChunk {
    requireAnswer(this.#source, frame)
    this.#usage = usageIn(frame) ?? this.#usage
    const choices = choicesIn(frame).map(({ text, ...choice }) => ({ ...choice, delta: { content: text } }))
    for (const { delta, finish_reason: reason } of choices) {
      this.#limit.add(delta)
      this.#hasFinished ||= reason !== null
    }
    return { ...headOf(frame, this.#source), object: 'chat.completion.chunk', choices }
  }

  end(): ChatEvent {
    return { type: 'end', usage: this.#usage }
  }

  requireFinish(): void {
    if (this.#hasFinished) return
    const message = `The stream of model "${this.#source.model.id}" ended without a finish reason.`
    throw new UpstreamError('upstream_stream_truncated', message)
  }
}

/** @throws UpstreamError where a body tells of a failure, or is the answer to something else */
function requireAnswer({ model, dialect }: RelayedSource, body: Fields): void {
  const field = dialect === 'openai-embeddings' ? 'data' : 'choices'
  const failure = failureOfAnswer(model, body, field)
  if (failure) throw failure
  if (!Array.isArray(body[field]))
    throw new UpstreamError('upstream_malformed', `Model "${model.id}" answered with JSON that has no ${field}.`)
}

function headOf(body: Fields, source: RelayedSource): Pick<ChatChunk, 'id' | 'created' | 'model'> {
  const { created } = body
  return {
    id: textIn(body, 'id'),
    created: typeof created === 'number' ? created : source.created,
    model: textIn(body, 'model'),
  }
}

interface TextChoice {
  readonly index: number
  readonly text: string
  readonly finish_reason: string | null
}

function choicesIn({ choices }: Fields): readonly TextChoice[] {
  return (Array.isArray(choices) ? choices.filter(isObject) : []).map((choice, position) => {
    const { index, finish_reason: reason } = choice
    return {
      index: typeof index === 'number' ? index : position,
      text: textIn(choice, 'text'),
      finish_reason: typeof reason === 'string' ? reason : null,
    }
  })
}

/** Embeddings have tokens of a prompt only. */
function usageIn({ usage }: Fields): WireUsage | null {
  const parsed = parseUsage(usage)
  return parsed && wireUsageOf(parsed)
}
