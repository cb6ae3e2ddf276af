import { useEffect, useRef } from 'react'
import { meaningOf } from './error-words.ts'
import { formatAttempt, formatMs } from './format.ts'
import { GoOn } from './go-on.tsx'
import { isWholeDraft, type Step } from './run.ts'
import type { Choice } from './turn.ts'

interface LaneProps {
  readonly step: Step
  /** Since the question was asked. */
  readonly nowMs: number
  /** Nothing more will come. */
  readonly isOver: boolean
  /** That of its draft. */
  readonly choice: Choice
  readonly isPicked: boolean
  readonly onChoose: (choice: Choice | null) => void
}

/** A worker: what it does, how long it has been at it, and what it has written. */
export function Lane({ step, nowMs, isOver, ...goOn }: LaneProps) {
  const { name, parent, state, text, retried, startedMs, firstMs, endedMs } = step
  const isAtWork = endedMs === null && !isOver
  const tookMs = Math.max(0, (endedMs ?? nowMs) - startedMs)
  const page = useRef<HTMLDivElement>(null)
  // What is being written is read at its end.
  useEffect(() => {
    if (isAtWork && page.current) page.current.scrollTop = page.current.scrollHeight
  }, [text, isAtWork])
  return (
    <section
      className={`lane ${isAtWork ? state : endedState(step)}`}
      aria-label={`Draft of ${name}`}
      data-nested={parent !== null}
      data-picked={goOn.isPicked}
    >
      <header>
        <strong>{name}</strong>
        <span className="state">{isAtWork ? workWords[state] : endWords(step)}</span>
        <span
          className="time"
          title={firstMs === null ? undefined : `first words after ${formatMs(firstMs - startedMs)}`}
        >
          {formatMs(tookMs)}
        </span>
      </header>
      {retried.length > 0 && (
        <p className="retries">
          {formatAttempt(retried.length + 1)}, after {retried.join(', ')}
        </p>
      )}
      <div className="draft" ref={page} tabIndex={0}>
        {text === '' && state === 'failed' ? <span className="note">{meaningOf(codeOf(step))}</span> : text}
      </div>
      {isOver && isWholeDraft(step) && (
        <footer>
          <GoOn what="draft" {...goOn} />
        </footer>
      )}
    </section>
  )
}

const workWords: Readonly<Record<Step['state'], string>> = {
  started: 'thinks',
  writes: 'writes',
  retried: 'is asked again',
  done: 'done',
  failed: 'failed',
  stopped: 'stopped',
}

/** One that was at work when everything else was over has been stopped. */
function endedState({ state }: Step): 'done' | 'failed' | 'stopped' {
  return state === 'done' || state === 'failed' ? state : 'stopped'
}

function endWords(step: Step): string {
  const state = endedState(step)
  if (state === 'failed') return `failed: ${codeOf(step)}`
  if (state === 'stopped') return step.hasDraft ? 'stopped: used as far as it is' : 'stopped: not needed any more'
  const end = step.isReused ? 'kept from before' : 'done'
  if (!step.isAnswer) return end
  return `${end}; the answer${step.parent === null ? '' : ' of its mixture'}, word for word`
}

function codeOf({ code }: Step): string {
  return code ?? 'internal_error'
}
