/** What a process holds on to: whatever a request leaves behind shows as one more of these for each of them. */
import { EventEmitter } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { queryObjects } from 'node:v8'

export interface Census {
  /** How long it took until everything had come to rest. */
  readonly seconds: number
  readonly sockets: number
  readonly timers: number
  /** Of the process and of everything else that lives: a listener is a function that something holds. */
  readonly listeners: number
  readonly emitters: number
  readonly signals: number
  readonly functions: number
}

/** Idle connections are kept for four seconds. */
const leastSeconds = 5
const mostSeconds = 20

/**
 * Five seconds from now, or later where `isQuiet` does not hold by then, or as many sockets and timers as `before` are not
 * reached.
 */
export async function takeCensus(isQuiet: () => boolean, before?: Census): Promise<Census> {
  let seconds = 0
  const isBusy = (): boolean =>
    !isQuiet() ||
    (before !== undefined && (active('TCPSocketWrap') > before.sockets || active('Timeout') > before.timers))
  while (seconds < leastSeconds || (seconds < mostSeconds && isBusy())) {
    await sleep(1000)
    seconds += 1
  }
  return {
    seconds,
    sockets: active('TCPSocketWrap'),
    timers: active('Timeout'),
    listeners: process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0),
    emitters: objects(EventEmitter),
    signals: objects(AbortSignal),
    functions: objects(Function),
  }
}

function active(kind: string): number {
  return process.getActiveResourcesInfo().filter((each) => each === kind).length
}

function objects(prototypeOf: Parameters<typeof queryObjects>[0]): number {
  return queryObjects(prototypeOf, { format: 'count' })
}
