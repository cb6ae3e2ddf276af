import { useEffect, useState } from 'react'
import type { Run } from './run.ts'

/** Milliseconds since a run began, up to its end. */
export function useElapsedMs({ state, startedAt, endedAt }: Run): number {
  const [now, setNow] = useState(() => performance.now())
  useEffect(() => {
    if (state !== 'runs') return
    const timer = setInterval(() => {
      setNow(performance.now())
    }, 100)
    return () => {
      clearInterval(timer)
    }
  }, [state])
  return Math.max(0, (endedAt ?? now) - startedAt)
}
