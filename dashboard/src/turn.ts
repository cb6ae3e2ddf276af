/** A turn of the conversation: a question, and every run that was made for an answer to it. Pure, as `run.ts` is. */
import type { Question } from './gateway-client.ts'
import { advanceRun, type Asked, draftCount, type Run, type RunEvent, writerOf } from './run.ts'

export type Messages = Question['messages']

export interface Turn {
  readonly id: number
  readonly question: string
  /** What came before the question, as its first run was sent it: every other is sent the same. */
  readonly before: Messages
  readonly runs: readonly Run[]
  /** What was picked to go on from; null where nothing was. */
  readonly choice: Choice | null
}

/** A text of a turn: the answer of a run, or the draft of one of its steps. */
export interface Choice {
  readonly run: number
  /** Null: the answer. */
  readonly step: number | null
}

/** The text that the conversation goes on from. */
export interface Chosen extends Choice {
  /** Of whoever wrote it; null where that is not known. */
  readonly name: string | null
  readonly text: string
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

/** To pick what counts anyway is to pick nothing. */
export function withChoice(turns: readonly Turn[], id: number, choice: Choice | null): readonly Turn[] {
  return turns.map((turn) => {
    if (turn.id !== id) return turn
    const first = chosenOf({ ...turn, choice: null })
    const isFirst = choice?.run === first?.run && choice?.step === first?.step
    return { ...turn, choice: isFirst ? null : choice }
  })
}

/** The turns before a question, as a request has them: those without an answer are left out. */
export function conversationOf(turns: readonly Turn[]): Messages {
  return turns.flatMap((turn) => {
    const chosen = chosenOf(turn)
    if (!chosen) return []
    return [
      { role: 'user', content: turn.question },
      { role: 'assistant', content: chosen.text },
    ]
  })
}

/** What was picked, else the first answer that has come whole; null where there is none. */
function chosenOf({ runs, choice }: Turn): Chosen | null {
  const run = choice ? runs.find(({ id }) => id === choice.run) : runs.find(isWhole)
  if (!run) return null
  const draft = run.workers.find(({ step }) => step === choice?.step)
  if (draft) return { run: run.id, step: draft.step, name: draft.name, text: draft.text }
  return { run: run.id, step: null, name: writerOf(run)?.name ?? null, text: run.answer }
}

function isWhole({ state, answer }: Run): boolean {
  return state === 'done' && answer !== ''
}

/** What an answer is to its turn: gone on from as the `first`, or because it was `picked`; `open` to be picked; or `none`. */
export type Standing = 'first' | 'picked' | 'open' | 'none'

export function standingOf(turn: Turn, run: Run): Standing {
  const chosen = chosenOf(turn)
  if (chosen?.run === run.id && chosen.step === null) return turn.choice ? 'picked' : 'first'
  return isWhole(run) ? 'open' : 'none'
}

/** What was picked in place of the first answer, in words; null where nothing was. */
export function standInOf(turn: Turn): string | null {
  const chosen = turn.choice && chosenOf(turn)
  if (!chosen) return null
  return `The ${chosen.step === null ? 'answer' : 'draft'} of ${chosen.name ?? 'another model'}`
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
