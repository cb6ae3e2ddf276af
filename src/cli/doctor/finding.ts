import { errorCodeOf, type ErrorCode } from '../../chat/errors.ts'

/**
 * `no`: it cannot do this, which is nobody's fault. `warning`: worth a look, nothing is broken. `failed`: this is to be mended.
 * `skipped`: not looked at.
 */
export type Mark = 'ok' | 'no' | 'warning' | 'failed' | 'skipped'

/** One thing that was looked at, in words for a person. */
export interface Finding {
  readonly mark: Mark
  readonly message: string
  /** Of the error that it was, by docs/errors.md; null where it was none. */
  readonly code: ErrorCode | null
  /** What to do; null where there is nothing, or nobody can say. */
  readonly todo: string | null
}

export function findingOf(mark: Mark, message: string, todo: string | null = null): Finding {
  return { mark, message, code: null, todo }
}

/** What an error says, whatever it is. */
export function findingOfError(error: unknown, mark: Mark, todo: string | null): Finding {
  return { mark, message: error instanceof Error ? error.message : String(error), code: errorCodeOf(error), todo }
}
