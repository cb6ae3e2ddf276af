import { memo, useEffect, useRef } from 'react'
import { AnswerView } from './answer-view.tsx'
import { Calls } from './calls-table.tsx'
import { formatCalls, formatCost, formatMs, formatTokens } from './format.ts'
import type { GatewayClient } from './gateway-client.ts'
import { Lanes } from './lanes.tsx'
import { draftCount, type Run } from './run.ts'
import type { Choice, Standing } from './turn.ts'
import { useElapsedMs } from './use-elapsed.ts'

interface RunViewProps {
  readonly client: GatewayClient
  readonly run: Run
  /** The question was asked before: what was asked for now is said beside the answer, and the drafts are folded away. */
  readonly isAgain: boolean
  /** It is the only run of its turn. */
  readonly isAlone: boolean
  readonly isSimulated: boolean
  readonly standing: Standing
  /** As `standInOf` has it. */
  readonly standIn: string | null
  /** What was picked in its turn. */
  readonly choice: Choice | null
  readonly onChoose: (choice: Choice | null) => void
}

/** An answer, and what it took. */
export const RunView = memo(function RunView({ client, choice, ...shown }: RunViewProps) {
  const { run, isAgain, onChoose } = shown
  const place = useArrival(isAgain)
  return (
    <section className="run" ref={place} tabIndex={-1} aria-busy={run.state === 'runs'}>
      <AnswerView {...shown} />
      <Took run={run} />
      <div>
        {run.state !== 'runs' && run.requestId !== null && <Calls client={client} requestId={run.requestId} />}
        {isAgain && run.workers.length > 0 && (
          <details className="more">
            <summary>Drafts</summary>
            <Lanes {...{ run, choice, onChoose }} />
          </details>
        )}
      </div>
    </section>
  )
})

function Took({ run }: { readonly run: Run }) {
  const { total } = run
  const elapsedMs = useElapsedMs(run)
  const { usable, asked } = draftCount(run)
  const facts = [
    formatMs(elapsedMs),
    ...(run.state !== 'runs' && asked > 0 ? [`${usable} of ${asked} drafts`] : []),
    ...(total ? [formatCalls(total.calls), formatTokens(total), formatCost(total.cost_usd)] : []),
  ]
  return (
    <footer className="took">
      {facts.map((fact) => (
        <span key={fact}>{fact}</span>
      ))}
    </footer>
  )
}

/** Brings what somebody has just asked for into view, and the keyboard with it. */
function useArrival(isWanted: boolean): React.RefObject<HTMLElement | null> {
  const place = useRef<HTMLElement>(null)
  useEffect(() => {
    if (!isWanted) return
    place.current?.focus({ preventScroll: true })
    place.current?.scrollIntoView({ block: 'nearest' })
  }, [isWanted])
  return place
}
