import { type Fields, isObject } from '../../chat/loose-json.ts'

/** What a server says of its failure, however it writes it. */
export interface WireError {
  readonly message: string
  /** Its code and its type, numbers as text: whichever there are, the code first. */
  readonly names: readonly string[]
  /** True where it has the findings of a moderation with it: it is about what the caller wrote. */
  readonly hasFindings: boolean
}

/** `{error: {message, code, type}}`, `{error: "text", code}`, `{detail}`, `{message}`: servers differ. Undefined where none is told. */
export function readWireError(body: unknown): WireError | undefined {
  if (!isObject(body)) return undefined
  const inner = body['error'] ?? (body['object'] === 'error' ? body : undefined) ?? body['detail'] ?? body['message']
  if (inner === undefined || inner === null) return undefined
  if (typeof inner === 'string') return { message: inner, names: namesIn(body), hasFindings: false }
  if (!isObject(inner)) return { message: JSON.stringify(inner), names: [], hasFindings: false }
  const { message } = inner
  return {
    message: typeof message === 'string' ? message : JSON.stringify(inner),
    names: namesIn(inner),
    hasFindings: hasFindings(inner['metadata']),
  }
}

function namesIn({ code, type }: Fields): readonly string[] {
  return [code, type].filter((name) => typeof name === 'string' || typeof name === 'number').map(String)
}

/** As OpenRouter sends them with a refusal of its moderation. */
function hasFindings(metadata: unknown): boolean {
  return isObject(metadata) && (Array.isArray(metadata['reasons']) || metadata['flagged_input'] !== undefined)
}
