/**
 * V8 keeps the pages of what has become garbage for what comes next, and asks nobody whether anything comes: after a burst
 * a gateway would hold hundreds of megabytes until it ends. So when it has grown and then rests, they are collected and go
 * back to the system.
 */
import { performance } from 'node:perf_hooks'
import type { Clock } from '../chat/clock.ts'
import { residentBytes } from './resident-bytes.ts'

/** What is looked at, and what is done about it. */
export interface Process {
  /** Bytes of this process that are in memory. */
  readonly residentBytes: () => number
  /** The share of the time since the last call in which it was busy, 0 to 1. */
  readonly utilization: () => number
  /** Collects all garbage and gives its pages back. */
  readonly collect: () => Promise<void>
}

const everyMs = 1000
/** A collection takes some 100 ms: hardly anybody may wait for it. */
const idleShare = 0.05
const worthwhileBytes = 32 * 1024 * 1024

/** Looks every second, until the returned function is called. */
export function returnMemory(
  clock: Clock,
  { residentBytes, utilization, collect }: Process = thisProcess(),
): () => void {
  let restedBytes = residentBytes()
  let cancel = clock.after(everyMs, look)
  let isStopped = false

  function look(): void {
    const isIdle = utilization() < idleShare
    const isWorthwhile = residentBytes() - restedBytes > worthwhileBytes
    void (isIdle && isWorthwhile ? rest() : Promise.resolve()).then(() => {
      if (!isStopped) cancel = clock.after(everyMs, look)
    })
  }
  async function rest(): Promise<void> {
    await collect().catch(() => undefined)
    restedBytes = residentBytes()
  }
  return () => {
    isStopped = true
    cancel()
  }
}

function thisProcess(): Process {
  let last = performance.eventLoopUtilization()
  return {
    residentBytes,
    utilization: () => {
      const now = performance.eventLoopUtilization()
      const { utilization } = performance.eventLoopUtilization(now, last)
      last = now
      return utilization
    },
    collect,
  }
}

/** Nothing but the inspector offers it: V8 takes it as news that memory is low. A Node that was built without one keeps its pages. */
async function collect(): Promise<void> {
  const inspector = await import('node:inspector/promises').catch(() => null)
  if (!inspector) return
  const session = new inspector.Session()
  session.connect()
  try {
    await session.post('HeapProfiler.collectGarbage')
  } finally {
    session.disconnect()
  }
}
