/** A client on a bare socket, which can be as rude as real ones are: leaves at any moment, reads slowly, sends anything. */
import { connect, type Socket } from 'node:net'

export interface ChaosClient {
  /** Everything that has come so far. */
  readonly text: string
  /** Resolves once the server has closed the connection, or we have. */
  readonly closed: Promise<void>
  readonly isClosed: boolean
  write(bytes: string | Uint8Array): void
  /** Resolves when `part` has come; rejects where the connection closes without it. */
  until(part: string): Promise<void>
  /** Reads no more until `resume`: the server's writes fill up. */
  pause(): void
  resume(): void
  /** Has nothing more to say, but listens: what `nc` does at the end of its input. */
  halfClose(): void
  /** Closes as a program does that ends. */
  leave(): void
  /** Closes as a machine does that crashes. */
  reset(): void
}

/** Connects to the host and port of `url`. */
export async function openChaosClient(url: string): Promise<ChaosClient> {
  const { hostname, port } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true })
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve).once('error', reject)
  })
  return new SocketClient(socket)
}

/** The bytes of a good request. What is in `headers` wins over what would be sent. */
export function writeRequest(path: string, body?: object, headers: Readonly<Record<string, string>> = {}): string {
  const text = body === undefined ? '' : JSON.stringify(body)
  const about =
    body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }
  const fields = Object.entries({ host: 'chaos', ...about, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${body === undefined ? 'GET' : 'POST'} ${path} HTTP/1.1\r\n${fields.join('')}\r\n${text}`
}

class SocketClient implements ChaosClient {
  readonly #socket: Socket
  readonly closed: Promise<void>
  text = ''
  isClosed = false

  constructor(socket: Socket) {
    this.#socket = socket
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.isClosed = true
        resolve()
      })
    })
    socket.on('data', (bytes: Buffer) => {
      this.text += bytes.toString('latin1')
    })
    // What was written to a closed connection shows as its end.
    socket.on('error', () => undefined)
    socket.on('end', () => socket.end())
  }

  write(bytes: string | Uint8Array): void {
    this.#socket.write(bytes)
  }

  async until(part: string): Promise<void> {
    while (!this.text.includes(part)) {
      if (this.isClosed) throw new Error(`The connection closed without "${part}" after: ${this.text}`)
      await Promise.race([this.closed, new Promise((resolve) => this.#socket.once('data', resolve))])
    }
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  halfClose(): void {
    this.#socket.end()
  }

  leave(): void {
    this.#socket.destroy()
  }

  reset(): void {
    this.#socket.resetAndDestroy()
  }
}
