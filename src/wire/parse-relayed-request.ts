/** Reads requests that only a server can answer which speaks their API itself: no mixture can, so nothing of them is translated. */
import type { Caller, ChatBody, ChatRequest, RelayedDialect } from '../chat/chat-request.ts'
import { checkFields, flag, modelId } from './field-rules.ts'
import { parseJsonBody } from './parse-json-body.ts'
import { parseRequestOptions } from './request-options.ts'

export interface RelayedForm {
  readonly dialect: RelayedDialect
  /** The field with the texts that the model is to read. */
  readonly reads: string
  /** What a chat body says of the same, as far as the ledger and the budget reckon with it. */
  readonly reckon: (fields: Readonly<Record<string, unknown>>) => Partial<ChatBody>
}

/** @throws RequestError as `parseJsonBody` does; `invalid_request` with `param` where a field cannot be meant */
export function parseRelayedRequest(bytes: Uint8Array, caller: Caller, form: RelayedForm): ChatRequest {
  const { value, source } = parseJsonBody(bytes)
  checkFields(value, [
    ['model', modelId],
    ['stream', flag],
  ])
  const { mollmr, ...fields } = value
  const messages = textsOf(fields[form.reads]).map((content) => ({ role: 'user', content }))
  return {
    body: { model: fields['model'] as string, messages, ...form.reckon(fields) },
    native: { dialect: form.dialect, json: mollmr === undefined ? source : JSON.stringify(fields) },
    options: mollmr === undefined ? {} : parseRequestOptions(mollmr),
    caller,
  }
}

/** A text, several, or what stands for texts: tokens as numbers, which are reckoned as they are written. */
function textsOf(read: unknown): readonly string[] {
  if (typeof read === 'string') return [read]
  if (!Array.isArray(read)) return []
  return read.every((each) => typeof each === 'string') ? read : [JSON.stringify(read)]
}
