import { useCallback, useEffect, useRef, useState } from 'react'
import type { GatewayClient, Question } from './gateway-client.ts'
import { type Asked, beginRun, type RunEvent } from './run.ts'
import {
  type Choice,
  conversationOf,
  isRunning,
  questionOf,
  type Turn,
  withChoice,
  withEvent,
  withRun,
} from './turn.ts'

export interface Conversation {
  readonly turns: readonly Turn[]
  readonly isRunning: boolean
  /** What would be sent for a question now. */
  readonly requestOf: (question: string, asked: Asked) => Question
  readonly ask: (question: string, asked: Asked) => void
  /** Asks the question of a turn once more. Always the same function. */
  readonly askAgain: (turn: Turn, asked: Asked) => void
  /** Picks what the conversation goes on from in the turn with this id; null: its first answer. Always the same function. */
  readonly choose: (id: number, choice: Choice | null) => void
  readonly stop: () => void
  readonly clear: () => void
}

/** The turns of this page, of which one runs at a time. */
export function useConversation(client: GatewayClient): Conversation {
  const [turns, setTurns] = useState<readonly Turn[]>([])
  const running = useRef<AbortController>(null)
  const count = useRef(0)
  useEffect(() => () => running.current?.abort(), [])

  const run = useCallback(
    (turn: Turn, asked: Asked): void => {
      const begun = beginRun((count.current += 1), asked, performance.now())
      const controller = new AbortController()
      running.current = controller
      setTurns((all) => withRun(all, turn.id, begun))
      void follow(client.ask(questionOf(turn, asked), controller.signal), (event) => {
        setTurns((all) => withEvent(all, { id: begun.id, event, now: performance.now() }))
      })
    },
    [client],
  )

  const choose = useCallback((id: number, choice: Choice | null): void => {
    setTurns((all) => withChoice(all, id, choice))
  }, [])

  return {
    turns,
    isRunning: turns.some(isRunning),
    requestOf: (question, asked) => questionOf({ before: conversationOf(turns), question }, asked),
    ask: (question, asked) => {
      const turn = { id: (count.current += 1), question, before: conversationOf(turns), runs: [], choice: null }
      setTurns([...turns, turn])
      run(turn, asked)
    },
    askAgain: run,
    choose,
    stop: () => running.current?.abort(),
    clear: () => {
      running.current?.abort()
      setTurns([])
    },
  }
}

async function follow(events: AsyncIterable<RunEvent>, hear: (event: RunEvent) => void): Promise<void> {
  try {
    for await (const event of events) hear(event)
  } catch {
    // Only the caller ends it this way.
    hear({ type: 'stopped' })
  }
}
