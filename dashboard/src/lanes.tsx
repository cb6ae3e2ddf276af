import { Lane } from './lane.tsx'
import type { Run } from './run.ts'
import { useElapsedMs } from './use-elapsed.ts'

/** A lane for each worker of a run. */
export function Lanes({ run }: { readonly run: Run }) {
  const elapsedMs = useElapsedMs(run)
  if (run.workers.length === 0) return null
  return (
    <section className="lanes" aria-label="Drafts">
      {run.workers.map((worker) => (
        <Lane key={worker.step} step={worker} nowMs={elapsedMs} isOver={run.state !== 'runs'} />
      ))}
    </section>
  )
}
