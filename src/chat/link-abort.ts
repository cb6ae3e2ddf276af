/** One branch of an abort tree: it ends with its parent, or alone. */
import { type MollmrError, CancelledError, isMollmrError } from './errors.ts'

export interface AbortLink {
  readonly signal: AbortSignal
  /** Bound: may be handed on as a function. */
  readonly abort: (reason: MollmrError) => void
  /** Lets go of the parent; call it in `finally`, or a long-lived parent keeps every child alive. */
  readonly release: () => void
}

/** A signal that aborts when `parent` does and can be aborted on its own. */
export function linkAbort(parent: AbortSignal): AbortLink {
  const controller = new AbortController()
  const follow = (): void => {
    controller.abort(parent.reason)
  }
  if (parent.aborted) follow()
  else parent.addEventListener('abort', follow, { once: true })
  return {
    signal: controller.signal,
    abort: (reason) => {
      controller.abort(reason)
    },
    release: () => {
      parent.removeEventListener('abort', follow)
    },
  }
}

/** The typed error that an aborted call ends with. */
export function abortErrorOf(signal: AbortSignal): MollmrError {
  const reason: unknown = signal.reason
  return isMollmrError(reason) ? reason : new CancelledError({ cause: reason })
}

/** Throws the typed error of an aborted signal; does nothing otherwise. */
export function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw abortErrorOf(signal)
}
