import { useEffect, useRef, useState } from 'react'
import { Composer } from './composer.tsx'
import { Connect } from './connect.tsx'
import type { GatewayClient, ListedModel } from './gateway-client.ts'
import { useRuns } from './use-runs.ts'
import { RunView } from './run-view.tsx'

interface LabProps {
  readonly client: GatewayClient
  readonly models: readonly ListedModel[]
}

/** A conversation with everything that happens behind it. */
export function Lab({ client, models }: LabProps) {
  const { runs, isRunning, requestOf, ask, stop, clear } = useRuns(client)
  const [model, setModel] = useState(() => firstChoice(models))
  useFollow(runs)
  const askNow = (question: string): void => {
    ask({ model, question })
  }
  const simulated = new Set(models.filter(({ capabilities }) => capabilities.simulated).map(({ id }) => id))
  return (
    <>
      <main className="lab">
        {runs.length === 0 && <Connect models={models} onExample={askNow} />}
        {runs.map((run) => (
          <RunView key={run.id} client={client} run={run} isSimulated={simulated.has(run.model)} />
        ))}
      </main>
      <Composer
        {...{ models, model, isRunning }}
        onModel={setModel}
        forecast={(question) => client.explain(requestOf({ model, question }))}
        onAsk={askNow}
        onStop={stop}
        onClear={runs.length > 0 ? clear : null}
      />
    </>
  )
}

/** Keeps the end of the page in sight while it grows, for a reader who was there. */
function useFollow(runs: readonly unknown[]): void {
  const isAtEnd = useRef(true)
  const count = useRef(0)
  useEffect(() => {
    const look = (): void => {
      const { scrollHeight } = document.documentElement
      isAtEnd.current = window.scrollY + window.innerHeight > scrollHeight - nearEndPixels
    }
    window.addEventListener('scroll', look, { passive: true })
    return () => {
      window.removeEventListener('scroll', look)
    }
  }, [])
  useEffect(() => {
    const isNew = runs.length > count.current
    if (isNew || (runs.length > 0 && isAtEnd.current)) window.scrollTo(0, document.documentElement.scrollHeight)
    count.current = runs.length
  }, [runs])
}

const nearEndPixels = 80

function firstChoice(models: readonly ListedModel[]): string {
  const kinds = ['router', 'mixture', 'model']
  const [first] = models.toSorted((a, b) => kinds.indexOf(a.capabilities.kind) - kinds.indexOf(b.capabilities.kind))
  return first?.id ?? ''
}
