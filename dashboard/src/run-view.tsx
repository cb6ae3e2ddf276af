import { memo, useEffect, useState } from 'react'
import { AnswerView } from './answer-view.tsx'
import { Calls } from './calls-table.tsx'
import type { GatewayClient } from './gateway-client.ts'
import { Lane } from './lane.tsx'
import { draftCount, type Run } from './run.ts'
import { formatCost, formatMs, formatTokens } from './format.ts'

interface RunViewProps {
  readonly client: GatewayClient
  readonly run: Run
  readonly isSimulated: boolean
}

/** One question: what the router chose, a lane for each worker, the answer, and what it took. */
export const RunView = memo(function RunView({ client, run, isSimulated }: RunViewProps) {
  const elapsedMs = useElapsedMs(run)
  return (
    <article className="run" aria-busy={run.state === 'runs'}>
      <h2 className="question">{run.question}</h2>
      <p className="route">
        <span className="tag">{run.model}</span>
        {run.route !== null && (
          <>
            {' chose '}
            <span className="tag">{run.route}</span>
          </>
        )}
        {isSimulated && <span className="tag warning">simulated: the texts are made up</span>}
      </p>
      {run.workers.length > 0 && (
        <section className="lanes" aria-label="Drafts">
          {run.workers.map((worker) => (
            <Lane key={worker.step} step={worker} nowMs={elapsedMs} isOver={run.state !== 'runs'} />
          ))}
        </section>
      )}
      <AnswerView run={run} />
      <Took run={run} elapsedMs={elapsedMs} />
      {run.state !== 'runs' && run.requestId !== null && <Calls client={client} requestId={run.requestId} />}
    </article>
  )
})

function Took({ run, elapsedMs }: { readonly run: Run; readonly elapsedMs: number }) {
  const { total } = run
  const { usable, asked } = draftCount(run)
  const facts = [
    formatMs(elapsedMs),
    ...(run.state !== 'runs' && asked > 0 ? [`${usable} of ${asked} drafts`] : []),
    ...(total ? [`${total.calls} calls`, formatTokens(total), formatCost(total.cost_usd)] : []),
  ]
  return (
    <footer className="took">
      {facts.map((fact) => (
        <span key={fact}>{fact}</span>
      ))}
    </footer>
  )
}

/** Milliseconds since the question was asked, up to the end of the run. */
function useElapsedMs({ state, startedAt, endedAt }: Run): number {
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
