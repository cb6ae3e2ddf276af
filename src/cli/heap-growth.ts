/**
 * How V8's heap grows. Reading code and config makes garbage that V8 answers with 30 MB of young space, the part where
 * objects begin, which it keeps: an idle gateway would hold them for nothing. Under load it takes 128 MB of it, and lets the
 * old space grow to a multiple of what lives there; a gateway that holds much had better collect more often.
 */
import { PerformanceObserver } from 'node:perf_hooks'
import v8 from 'node:v8'

const mebibyte = 1024 * 1024
/** Of both halves of the young space. */
const youngBytes = 64 * mebibyte
/** Of the old space: from here on it grows by a fifth between two full collections, below as V8 sees fit. */
const muchBytes = 48 * mebibyte
const growthOfMuch = 20

/**
 * Keeps the young space as small as it is; call before anything large is loaded. And has every object begin there: V8 would
 * make in the old space at once what mixtures in flight have often kept through two collections, and keep with it all that
 * it points to, of requests that are answered long before a full collection too.
 */
export function holdYoungSpace(): void {
  v8.setFlagsFromString('--semi-space-growth-factor=1')
  v8.setFlagsFromString('--no-allocation-site-pretenuring')
}

/** Lets the heap grow with the load, within limits, until the returned function is called. */
export function limitHeapGrowth(): () => void {
  // Nothing but a collection makes a space grow.
  const observer = new PerformanceObserver(setLimits)
  observer.observe({ entryTypes: ['gc'] })
  setLimits()
  return () => {
    observer.disconnect()
  }
}

function setLimits(): void {
  const bytes = new Map(v8.getHeapSpaceStatistics().map((space) => [space.space_name, space.space_size]))
  const isYoungSmall = (bytes.get('new_space') ?? 0) < youngBytes
  v8.setFlagsFromString(`--semi-space-growth-factor=${isYoungSmall ? 2 : 1}`)
  const isOldMuch = (bytes.get('old_space') ?? 0) > muchBytes
  v8.setFlagsFromString(`--heap-growing-percent=${isOldMuch ? growthOfMuch : 0}`)
}
