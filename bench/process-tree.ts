/** What a process and everything it started have used, as Linux's /proc tells it. */
import { readdirSync, readFileSync } from 'node:fs'

/**
 * Time on a core in microseconds, of all threads of the tree. From `schedstat`, which counts nanoseconds: other load
 * on the machine lengthens the time that passes, but hardly this.
 */
export function readCpuUs(pid: number): number {
  const nanoseconds = processesOf(pid).flatMap((each) =>
    threadsOf(each).map((thread) =>
      Number(readFileSync(`/proc/${each}/task/${thread}/schedstat`, 'utf8').split(' ')[0]),
    ),
  )
  return sum(nanoseconds) / 1000
}

/** Resident memory in KB, summed over the tree. */
export function readRssKb(pid: number): number {
  const sizes = processesOf(pid).map((each) => /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${each}/status`, 'utf8')))
  return sum(sizes.map((match) => Number(match?.[1] ?? 0)))
}

function processesOf(pid: number): number[] {
  const children = threadsOf(pid).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  )
  return [pid, ...children.flatMap(processesOf)]
}

function threadsOf(pid: number): string[] {
  return readdirSync(`/proc/${pid}/task`)
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
