/**
 * Reads the body of `POST /v1/chat/completions`: once, leniently, with every unknown field kept. Only what would fail
 * anyway is refused here, with the path of the field, before anybody is asked.
 */
import type { Caller, ChatRequest } from '../../chat/chat-request.ts'
import { parseJsonBody } from '../parse-json-body.ts'
import { parseRequestOptions } from '../request-options.ts'
import { checkChatBody } from './check-chat-body.ts'

/**
 * @param bytes the body as it came, UTF-8 JSON
 * @throws RequestError as `parseJsonBody` does; `invalid_request` with `param` where a field cannot be meant
 */
export function parseChatRequest(bytes: Uint8Array, caller: Caller): ChatRequest {
  const { value, source } = parseJsonBody(bytes)
  const written = checkChatBody(value)
  if (!('mollmr' in written)) return { body: written, source, options: {}, caller }
  const { mollmr, ...body } = written
  return { body, options: parseRequestOptions(mollmr), caller }
}
