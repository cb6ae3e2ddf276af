/**
 * What becomes of an answer once it has been handed to its connection. The kernel takes a few megabytes for a caller that
 * does not read; whatever waits behind that is held here, and not for ever.
 */
import type { Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Clock } from '../../chat/clock.ts'
import { CancelledError, type MollmrError, SlowClientError } from '../../chat/errors.ts'

/** A caller that takes nothing for so long is gone, whatever its socket says. */
const longestStallMs = 60_000
const everyMs = 1000

/** How much the kernel has taken on a connection where more waits, and since when. */
interface Progress {
  takenBytes: number
  sinceMs: number
}

/** Destroys connections, with a `SlowClientError`, whose callers take nothing of what waits for them for a minute. */
export function endSlowReaders(server: Server, clock: Clock): void {
  const connections = new Map<Socket, Progress>()
  let cancel: (() => void) | undefined
  const look = (): void => {
    for (const [socket, progress] of connections) endIfStalled(socket, progress, clock.now())
    cancel = clock.after(everyMs, look)
  }
  server.on('connection', (socket) => {
    if (connections.size === 0) cancel = clock.after(everyMs, look)
    connections.set(socket, { takenBytes: 0, sinceMs: clock.now() })
    socket.once('close', () => {
      connections.delete(socket)
      if (connections.size === 0) cancel?.()
    })
  })
}

/** What Node's own `bytesWritten` counts at once of a large write, libuv knows as it goes. */
interface CountingSocket extends Socket {
  readonly _handle?: { readonly bytesWritten: number; readonly writeQueueSize: number } | null
}

function endIfStalled(socket: CountingSocket, progress: Progress, nowMs: number): void {
  const { writableLength, _handle: handle } = socket
  if (writableLength === 0 || !handle) {
    progress.sinceMs = nowMs
    return
  }
  const takenBytes = handle.bytesWritten - handle.writeQueueSize
  if (takenBytes !== progress.takenBytes) Object.assign(progress, { takenBytes, sinceMs: nowMs })
  else if (nowMs - progress.sinceMs >= longestStallMs) socket.destroy(new SlowClientError(longestStallMs))
}

/**
 * Resolves once the kernel has all of an answer that has ended; undefined where it has already, as of nearly all.
 *
 * @throws SlowClientError, CancelledError where the connection closes before
 */
export function delivered(response: ServerResponse): Promise<void> | undefined {
  const { socket } = response
  const isTaken = response.writableEnded && response.writableLength === 0
  if (isTaken && socket?.destroyed !== true) return undefined
  return new Promise((resolve, reject) => {
    const close = (): void => {
      reject(whyClosed(socket))
    }
    if (response.destroyed) close()
    else response.once('finish', resolve).once('close', close)
  })
}

/** Whose doing it is that a connection has closed before its answer was through. */
export function whyClosed(socket: Socket | null): MollmrError {
  return socket?.errored instanceof SlowClientError ? socket.errored : new CancelledError()
}
