import { memo, useCallback } from 'react'
import { Again } from './again.tsx'
import type { GatewayClient, ListedModel } from './gateway-client.ts'
import { Lanes } from './lanes.tsx'
import type { Asked, Run } from './run.ts'
import { RunView } from './run-view.tsx'
import { type Choice, isRunning, standingOf, standInOf, type Turn } from './turn.ts'

interface TurnViewProps {
  readonly client: GatewayClient
  readonly turn: Turn
  readonly models: readonly ListedModel[]
  /** Nothing runs, so something may. */
  readonly isIdle: boolean
  readonly onAgain: (turn: Turn, asked: Asked) => void
  readonly onChoose: (id: number, choice: Choice | null) => void
}

/** One question: what the router chose, a lane for each worker, and every answer beside the first. */
export const TurnView = memo(function TurnView({ client, turn, models, isIdle, onAgain, onChoose }: TurnViewProps) {
  const [first] = turn.runs
  const choose = useCallback(
    (choice: Choice | null): void => {
      onChoose(turn.id, choice)
    },
    [onChoose, turn.id],
  )
  const standIn = standInOf(turn)
  return (
    <article className="turn" aria-busy={isRunning(turn)}>
      <h2 className="question">{turn.question}</h2>
      {first && <Route run={first} isSimulated={isSimulated(first, models)} />}
      {first && <Lanes run={first} choice={turn.choice} onChoose={choose} />}
      <div className="runs">
        {turn.runs.map((run) => (
          <RunView
            key={run.id}
            {...{ client, run }}
            isAgain={run !== first}
            isAlone={turn.runs.length === 1}
            isSimulated={isSimulated(run, models)}
            standing={standingOf(turn, run)}
            choice={turn.choice}
            standIn={run === first ? standIn : null}
            onChoose={choose}
          />
        ))}
      </div>
      {first && first.state !== 'runs' && <Again {...{ client, turn, models, isIdle, onAgain }} run={first} />}
    </article>
  )
})

function Route({ run: { asked, route }, isSimulated: isMadeUp }: { readonly run: Run; readonly isSimulated: boolean }) {
  return (
    <p className="route">
      <span className="tag">{asked.model}</span>
      {route !== null && (
        <>
          {' chose '}
          <span className="tag">{route}</span>
        </>
      )}
      {isMadeUp && <span className="tag warning">simulated: the texts are made up</span>}
    </p>
  )
}

/** Whoever is to write the answer makes it up. */
function isSimulated({ asked: { model, aggregate } }: Run, models: readonly ListedModel[]): boolean {
  return models.some(({ id, capabilities }) => id === (aggregate ?? model) && capabilities.simulated === true)
}
