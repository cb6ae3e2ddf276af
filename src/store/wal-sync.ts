import { closeSync, fdatasync, openSync } from 'node:fs'

interface Waiter {
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/**
 * Brings commits of SQLite from the system to the disk, where a power cut cannot take them: `pragma synchronous = full`
 * would do it at each commit and have the event loop wait for the disk. Only the write-ahead log is synced here; before
 * SQLite moves it into the database, it syncs by itself.
 */
export class WalSync {
  readonly #path: string
  readonly #onError: (error: unknown) => void
  #file: number | null = null
  #isSyncing = false
  /** Something was committed since the sync that runs began. */
  #isBehind = false
  #isClosed = false
  /** For the sync that comes next. */
  #waiters: Waiter[] = []

  /** Of the database at `path`; `onError` hears of what may not have reached the disk. */
  constructor(path: string, onError: (error: unknown) => void) {
    this.#path = `${path}-wal`
    this.#onError = onError
  }

  /** Resolves once all that is committed by now is on the disk. */
  synced(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject })
      this.request()
    })
  }

  /** After a commit. However many come while the disk is busy, they take one sync more. */
  request(): void {
    if (this.#isSyncing) {
      this.#isBehind = true
      return
    }
    try {
      // There is no such file before the first commit. SQLite holds its locks on other files: closing this one frees none.
      this.#file ??= openSync(this.#path, 'r+')
    } catch (error) {
      this.#tell(this.#waiting(), error as Error)
      return
    }
    this.#sync(this.#file)
  }

  /** Before the database is closed, which syncs what is left. */
  close(): void {
    this.#isClosed = true
    if (!this.#isSyncing) this.#closeFile()
  }

  #sync(file: number): void {
    this.#isSyncing = true
    this.#isBehind = false
    const waiters = this.#waiting()
    fdatasync(file, (error) => {
      this.#isSyncing = false
      this.#tell(waiters, error)
      if (this.#isClosed) this.#closeFile()
      else if (this.#isBehind) this.#sync(file)
    })
  }

  #waiting(): readonly Waiter[] {
    const waiters = this.#waiters
    this.#waiters = []
    return waiters
  }

  #tell(waiters: readonly Waiter[], error: Error | null): void {
    if (error) this.#onError(error)
    for (const { resolve, reject } of waiters) {
      if (error) reject(error)
      else resolve()
    }
  }

  #closeFile(): void {
    if (this.#file !== null) closeSync(this.#file)
    this.#file = null
  }
}
