import { isObject } from '../../chat/loose-json.ts'
import type { Item } from './read-input.ts'

/** A response that has come to its end, as its caller was given it. */
export interface FinishedResponse {
  readonly id: string
  readonly output: readonly Item[]
  /** The whole object. */
  readonly response: Readonly<Record<string, unknown>>
  /** The id of the upstream that keeps it too, under the same id. */
  readonly heldBy?: string | undefined
}

/** Undefined where the response has no id that it could be found by. */
export function finishedOf(response: Readonly<Record<string, unknown>>, heldBy?: string): FinishedResponse | undefined {
  const { id, output } = response
  if (typeof id !== 'string' || id === '') return undefined
  return { id, output: Array.isArray(output) ? output.filter(isObject) : [], response, heldBy }
}
