/**
 * What happens on a socket below the requests: bytes that are no HTTP, requests that come too slowly, callers that have
 * closed their half of the connection. Whatever is said there has the shape of any other error, and ends the socket.
 */
import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Clock } from '../../chat/clock.ts'
import { RequestError } from '../../chat/errors.ts'
import { errorResponseOf } from '../error-response.ts'
import { createRequestId } from './request-id.ts'

/** A response that has begun hears this event when something that means nothing should be written to it. */
export const signWanted = 'signWanted'

/** The response that a socket is busy with; Node keeps it there and says so nowhere else. */
interface BusySocket extends Duplex {
  readonly _httpMessage?: ServerResponse | null
}

export function guardConnections(server: Server, clock: Clock): void {
  // With it a half-closed connection is still answered: `nc` and others close their half once they have asked.
  Object.assign(server, { httpAllowHalfOpen: true })
  server.on('connection', (socket) => {
    socket.on('end', () => {
      probe(socket, clock)
    })
  })
  server.on('connect', (_request: IncomingMessage, socket: Duplex) => {
    endWith(socket, new RequestError('method_not_allowed', 'CONNECT is not answered: this is no proxy.'))
  })
  server.on('checkExpectation', (_request: IncomingMessage, response: ServerResponse) => {
    if (response.socket) endWith(response.socket, new RequestError('invalid_request', 'Expect only 100-continue.'))
  })
}

/** Answers what the HTTP parser refuses. */
export function refuseBadHttp(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable || (socket as BusySocket)._httpMessage?.headersSent === true) {
    socket.destroy(error)
    return
  }
  endWith(socket, flawOfParser(error))
}

function flawOfParser({ code = '' }: NodeJS.ErrnoException): RequestError {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new RequestError('request_timeout', 'The request took too long to arrive.')
    case 'HPE_HEADER_OVERFLOW':
      return new RequestError('headers_too_large', 'The header fields of the request are too large.')
    default:
      return new RequestError('invalid_request', `The request is not valid HTTP/1.1 (${code}).`)
  }
}

function endWith(socket: Duplex, error: RequestError): void {
  const { status, body } = errorResponseOf(error)
  const text = JSON.stringify(body)
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(text)}`,
    `x-request-id: ${createRequestId()}`,
    'connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${text}`, () => socket.destroy())
}

const lingerMs = 5000

/**
 * Lets a connection that closes behind its answer take what its caller still sends, unread, for a while. Node destroys it at
 * once: what comes then is answered with a reset, and most clients that are still sending see that instead of the answer.
 */
export function closeGently(socket: Socket, clock: Clock): void {
  const linger = (): void => {
    const cancel = clock.after(lingerMs, () => socket.destroy())
    socket.once('close', cancel).end()
  }
  socket.destroySoon = linger
}

const firstProbeMs = 15
const longestProbeMs = 4000

/**
 * A caller that has left and one that has only closed its half look the same until something is written to them: the
 * one answers with a reset, the other takes it. So something is written that means nothing, at growing distances.
 */
function probe(socket: BusySocket, clock: Clock, afterMs = firstProbeMs): void {
  const response = socket._httpMessage
  if (!response || response.writableEnded || socket.destroyed) return
  if (response.req.httpVersion === '1.0') return
  if (!response.headersSent) response.writeContinue()
  else response.emit(signWanted)
  const cancel = clock.after(afterMs, () => {
    socket.off('close', cancel)
    probe(socket, clock, Math.min(longestProbeMs, afterMs * 2))
  })
  socket.once('close', cancel)
}
