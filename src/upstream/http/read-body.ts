import { isUtf8 } from 'node:buffer'
import type { Clock } from '../../chat/clock.ts'
import { UpstreamError } from '../../chat/errors.ts'
import { type Fields, isObject } from '../../chat/loose-json.ts'
import type { Exchange, ResponseHead } from './exchange.ts'
import { type FailingModel, failureOfConnection, failureOfStatus } from './failure.ts'
import { readErrorBody } from './read-error-body.ts'

/** An answer on its way, and whose it is. */
export interface BodySource {
  readonly exchange: Exchange
  readonly model: FailingModel
}

const maxBodyBytes = 64 * 1024 * 1024

/**
 * Waits for the head of an answer and says how its body is to be read: by what the server says it is, because some answer
 * whole although they were asked to stream.
 *
 * @throws UpstreamError where the connection fails, the status is that of a failure, or the body is of another kind
 */
export async function answerKindOf(
  source: BodySource,
  { isStreamed, clock }: { readonly isStreamed: boolean; readonly clock: Clock },
): Promise<'events' | 'whole'> {
  const head = await headOf(source)
  const { status, headers } = head
  if (status >= 300) throw failureOfStatus(source.model, head, await readErrorBody(source.exchange, clock))
  requireUnencoded(head, source.model)
  const type = String(headers['content-type'] ?? '')
  if (type === '') return isStreamed ? 'events' : 'whole'
  if (/^text\/event-stream/i.test(type)) return 'events'
  if (/^application\/([\w.-]+\+)?json/i.test(type)) return 'whole'
  throw badContent(source.model, `content-type "${type.slice(0, 80)}"`)
}

/**
 * Nothing is unpacked: `identity` is what every request asks for.
 *
 * @throws UpstreamError where the body is packed all the same
 */
export function requireUnencoded({ headers }: ResponseHead, { id }: FailingModel): void {
  const encoding = String(headers['content-encoding'] ?? '').toLowerCase()
  if (encoding === '' || encoding === 'identity') return
  const message = `The upstream of model "${id}" packs its answers (content-encoding "${encoding.slice(0, 80)}") although identity was asked for; is there a proxy before it?`
  throw new UpstreamError('upstream_bad_content_type', message)
}

/** The error for a body that is no answer. */
export function badContent({ id }: FailingModel, what: string): UpstreamError {
  const message = `The upstream of model "${id}" answered with ${what}; is base_url right?`
  return new UpstreamError('upstream_bad_content_type', message)
}

/** The whole body as text; rejects where it is longer than 64 MiB, or no UTF-8. */
export async function readText(source: BodySource): Promise<string> {
  const bytes = await readBytes(source)
  if (isUtf8(bytes)) return bytes.toString('utf8')
  const message = `Model "${source.model.id}" answered with bytes that are no UTF-8.`
  throw new UpstreamError('upstream_malformed', message)
}

async function readBytes(source: BodySource): Promise<Buffer> {
  const pieces: Buffer[] = []
  let length = 0
  for (let bytes = await nextBytes(source); bytes; bytes = await nextBytes(source)) {
    pieces.push(bytes)
    length += bytes.length
    if (length > maxBodyBytes) throw tooLarge(source.model, maxBodyBytes)
  }
  const [only] = pieces
  return only && pieces.length === 1 ? only : Buffer.concat(pieces)
}

/** The JSON object that a text is. @throws UpstreamError `upstream_malformed` */
export function parseFields(text: string, { id }: FailingModel): Fields {
  try {
    const value: unknown = JSON.parse(text)
    if (isObject(value)) return value
  } catch {
    // Told below, like JSON that is no object.
  }
  throw new UpstreamError('upstream_malformed', `Model "${id}" answered with something that is no JSON object.`)
}

/** The next bytes of the body, null at its end; rejects with an `UpstreamError` where the connection breaks. */
export async function nextBytes({ exchange, model }: BodySource): Promise<Buffer | null> {
  try {
    return await exchange.read()
  } catch (error) {
    throw failureOfConnection(model, error, true)
  }
}

/** The error for a body that is longer than is read. */
export function tooLarge({ id }: FailingModel, limit: number): UpstreamError {
  return new UpstreamError('upstream_response_too_large', `Model "${id}" answered with over ${limit} bytes.`)
}

async function headOf({ exchange, model }: BodySource): Promise<ResponseHead> {
  try {
    return await exchange.head()
  } catch (error) {
    throw failureOfConnection(model, error, false)
  }
}
