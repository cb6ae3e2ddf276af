/** A turn of the conversation: a question, and every run that was made for an answer to it. Pure, as `run.ts` is. */
import type { Question } from './gateway-client.ts'
import { advanceRun, type Asked, draftCount, type Run, type RunEvent } from './run.ts'

export type Messages = Question['messages']

export interface Turn {
  readonly id: number
  readonly question: string
  /** What came before the question, as its first run was sent it: every other is sent the same. */
  readonly before: Messages
  readonly runs: readonly Run[]
}

/** What a run of this turn sends. */
export function questionOf({ before, question }: Pick<Turn, 'before' | 'question'>, asked: Asked): Question {
  return { ...asked, messages: [...before, { role: 'user', content: question }] }
}

export function withRun(turns: readonly Turn[], id: number, run: Run): readonly Turn[] {
  return turns.map((turn) => (turn.id === id ? { ...turn, runs: [...turn.runs, run] } : turn))
}

interface Heard {
  /** The run's. */
  readonly id: number
  readonly event: RunEvent
  /** On the clock of the page. */
  readonly now: number
}

/** The turns after an event of one run. */
export function withEvent(turns: readonly Turn[], { id, event, now }: Heard): readonly Turn[] {
  return turns.map((turn) => {
    if (!turn.runs.some((run) => run.id === id)) return turn
    return { ...turn, runs: turn.runs.map((run) => (run.id === id ? advanceRun(run, event, now) : run)) }
  })
}

export function isRunning({ runs }: Turn): boolean {
  return runs.some(({ state }) => state === 'runs')
}

/** The turns before a question, as a request has them: those without an answer are left out. */
export function conversationOf(turns: readonly Turn[]): Messages {
  return turns.flatMap((turn) => {
    const content = answerOf(turn)
    if (content === null) return []
    return [
      { role: 'user', content: turn.question },
      { role: 'assistant', content },
    ]
  })
}

/** The first answer that has come whole. */
function answerOf({ runs }: Turn): string | null {
  return runs.find(({ state, answer }) => state === 'done' && answer !== '')?.answer ?? null
}

/**
 * The mixture whose drafts another aggregate can be given; null where there is none: no draft came, or the router has
 * composed a mixture that nobody can ask for by a name.
 */
export function mixtureOf(run: Run): string | null {
  const { asked, route } = run
  if (draftCount(run).usable === 0 || route?.startsWith('plan:') === true) return null
  return route ?? asked.model
}
