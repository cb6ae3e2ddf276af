import { useEffect, useRef, useState } from 'react'
import type { GatewayClient, Question } from './gateway-client.ts'
import { advanceRun, beginRun, conversationOf, type Run, type RunEvent } from './run.ts'

export interface Runs {
  readonly runs: readonly Run[]
  readonly isRunning: boolean
  /** What would be sent for a question now. */
  readonly requestOf: (question: Pick<Run, 'model' | 'question'>) => Question
  readonly ask: (question: Pick<Run, 'model' | 'question'>) => void
  readonly stop: () => void
  readonly clear: () => void
}

/** The runs of this page, one at a time, each with the conversation before it. */
export function useRuns(client: GatewayClient): Runs {
  const [runs, setRuns] = useState<readonly Run[]>([])
  const running = useRef<AbortController>(null)
  const count = useRef(0)
  useEffect(() => () => running.current?.abort(), [])

  const requestOf = ({ model, question }: Pick<Run, 'model' | 'question'>): Question => ({
    model,
    messages: [...conversationOf(runs), { role: 'user', content: question }],
  })

  const heard = (id: number, event: RunEvent): void => {
    setRuns((all) => all.map((run) => (run.id === id ? advanceRun(run, event, performance.now()) : run)))
  }

  const follow = async (run: Run, signal: AbortSignal): Promise<void> => {
    try {
      for await (const event of client.ask(requestOf(run), signal)) heard(run.id, event)
    } catch {
      // Only the caller ends it this way.
      heard(run.id, { type: 'stopped' })
    }
  }

  return {
    runs,
    isRunning: runs.at(-1)?.state === 'runs',
    requestOf,
    ask: (question) => {
      const run = beginRun((count.current += 1), question, performance.now())
      running.current = new AbortController()
      setRuns([...runs, run])
      void follow(run, running.current.signal)
    },
    stop: () => running.current?.abort(),
    clear: () => {
      running.current?.abort()
      setRuns([])
    },
  }
}
