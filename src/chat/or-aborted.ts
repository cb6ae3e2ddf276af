import { abortErrorOf } from './link-abort.ts'

/** What `promise` gives, or the typed error of the signal where that comes first: not everything that is waited for listens to it. */
export function orAborted<T>(promise: PromiseLike<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      reject(abortErrorOf(signal))
    }
    signal.addEventListener('abort', abort, { once: true })
    if (signal.aborted) abort()
    const release = (): void => {
      signal.removeEventListener('abort', abort)
    }
    Promise.resolve(promise).then(resolve, reject).finally(release)
  })
}
