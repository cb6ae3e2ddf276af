/**
 * An upstream that is wrong in a way that a test chooses, per call: a bare socket that speaks just enough HTTP to
 * read what it is asked. With the same seed it does the same again.
 */
import { createServer, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import { answerFaults } from './chaos/answer-faults.ts'
import { connectionFaults } from './chaos/connection-faults.ts'
import type { ChaosCall, Fault } from './chaos/fault.ts'
import { refusalFaults } from './chaos/refusal-faults.ts'
import { goodText, sayText, sayWell } from './chaos/say.ts'

export type FaultName = keyof typeof answerFaults | keyof typeof connectionFaults | keyof typeof refusalFaults

/** Every way to be wrong, with what MoLLMR makes of it. */
export const faults: Readonly<Record<FaultName, Fault>> = { ...connectionFaults, ...refusalFaults, ...answerFaults }
export const faultNames = Object.keys(faults) as readonly FaultName[]
/** What every good answer says. */
export const chaosText = goodText

export interface ChaosUpstream {
  /** With the `/v1` that clients are given. */
  readonly baseUrl: string
  /** The model of every call, in turn. */
  readonly calls: readonly string[]
  /** Connections that are open now. */
  readonly openSockets: number
  close(): Promise<void>
}

export interface ChaosOptions {
  /** What becomes of a call; null: a good answer. `index` counts from 0. */
  readonly choose: (call: ChaosCall, index: number) => FaultName | null
  /** What a good answer says instead of `chaosText`, once that is known. */
  readonly textOf?: (call: ChaosCall) => Promise<string>
  readonly seed?: number
  /** False for hours of calls: `calls` then stays empty. Default: true. */
  readonly keepsCalls?: boolean
}

/** Starts on a free port of the loopback. */
export async function startChaosUpstream({
  choose,
  textOf,
  seed = 1,
  keepsCalls = true,
}: ChaosOptions): Promise<ChaosUpstream> {
  const calls: string[] = []
  let count = 0
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    // Or the kernel holds small writes back, and a fault comes later than it says.
    socket.setNoDelay(true)
    socket.on('close', () => sockets.delete(socket))
    // Whoever is made to wait may leave.
    socket.on('error', () => undefined)
    readCalls(socket, (body) => {
      const index = count
      count += 1
      if (keepsCalls) calls.push(body.model)
      const call = { model: body.model, isStreamed: body.stream === true, socket, random: randomOf(seed + index) }
      const name = choose(call, index)
      if (name !== null) faults[name].play(call)
      else if (textOf)
        void textOf(call).then((text) => {
          sayText(call, text)
        })
      else sayWell(call)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    calls,
    get openSockets() {
      return sockets.size
    },
    close: () => {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => {
        server.close(() => {
          resolve()
        })
      })
    },
  }
}

interface AskedBody {
  readonly model: string
  readonly stream?: boolean
}

/** Hands on the body of every request; trusts them to have a length, as ours do. */
function readCalls(socket: Socket, take: (body: AskedBody) => void): void {
  let waiting = Buffer.alloc(0)
  socket.on('data', (bytes: Buffer) => {
    waiting = Buffer.concat([waiting, bytes])
    for (;;) {
      const end = waiting.indexOf('\r\n\r\n')
      if (end === -1) return
      const [, length = '0'] = /content-length: *(\d+)/i.exec(waiting.toString('latin1', 0, end)) ?? []
      const next = end + 4 + Number(length)
      if (waiting.length < next) return
      const body = waiting.toString('utf8', end + 4, next)
      waiting = waiting.subarray(next)
      take(JSON.parse(body) as AskedBody)
    }
  })
}

/** Mulberry32: numbers from 0 to 1 that depend on the seed alone. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
