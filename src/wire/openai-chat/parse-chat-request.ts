/**
 * Reads the body of `POST /v1/chat/completions`: once, leniently, with every unknown field kept. Only what would fail
 * anyway is refused here, with the path of the field, before anybody is asked.
 */
import { isUtf8 } from 'node:buffer'
import type { Caller, ChatRequest } from '../../chat/chat-request.ts'
import { RequestError } from '../../chat/errors.ts'
import { checkChatBody } from './check-chat-body.ts'
import { parseRequestOptions } from './request-options.ts'

/**
 * @param bytes the body as it came, UTF-8 JSON
 * @throws RequestError `invalid_json` where the bytes are not a JSON object, `invalid_request` with `param` where a
 * field cannot be meant
 */
export function parseChatRequest(bytes: Uint8Array, caller: Caller): ChatRequest {
  const source = decode(bytes)
  const written = checkChatBody(parseJsonObject(source))
  if (!('mollmr' in written)) return { body: written, source, options: {}, caller }
  const { mollmr, ...body } = written
  return { body, options: parseRequestOptions(mollmr), caller }
}

function decode(bytes: Uint8Array): string {
  if (bytes.length === 0) throw new RequestError('invalid_json', 'The request has no body; send a JSON object.')
  if (!isUtf8(bytes)) throw new RequestError('invalid_json', 'The request body is not valid UTF-8.')
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}

function parseJsonObject(text: string): Record<string, unknown> {
  const value = parseJson(text)
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw new RequestError('invalid_json', 'The request body must be a JSON object.')
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new RequestError('invalid_json', `The request body is not valid JSON: ${(cause as Error).message}`, { cause })
  }
}
