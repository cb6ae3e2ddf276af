import { Lane } from './lane.tsx'
import type { Run } from './run.ts'
import type { Choice } from './turn.ts'
import { useElapsedMs } from './use-elapsed.ts'

interface LanesProps {
  readonly run: Run
  /** What was picked in the turn of the run. */
  readonly choice: Choice | null
  readonly onChoose: (choice: Choice | null) => void
}

/** A lane for each worker of a run. */
export function Lanes({ run, choice, onChoose }: LanesProps) {
  const elapsedMs = useElapsedMs(run)
  if (run.workers.length === 0) return null
  return (
    <section className="lanes" aria-label="Drafts">
      {run.workers.map((worker) => (
        <Lane
          key={worker.step}
          step={worker}
          nowMs={elapsedMs}
          isOver={run.state !== 'runs'}
          choice={{ run: run.id, step: worker.step }}
          isPicked={choice?.run === run.id && choice.step === worker.step}
          onChoose={onChoose}
        />
      ))}
    </section>
  )
}
