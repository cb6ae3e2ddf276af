import Markdown from 'react-markdown'
import remarkGfm from 'remark-gfm'
import { memo, useDeferredValue, useState } from 'react'
import { GoOn } from './go-on.tsx'
import { type Failure, type Run, sparedIn, writerOf } from './run.ts'
import type { Choice, Standing } from './turn.ts'

interface AnswerViewProps extends StandingProps {
  readonly isSimulated: boolean
  /** What was asked for is said nowhere else. */
  readonly isAgain: boolean
}

interface StandingProps {
  readonly run: Run
  /** It is the only run of its turn. */
  readonly isAlone: boolean
  readonly standing: Standing
  /** As `standInOf` has it. */
  readonly standIn: string | null
  readonly onChoose: (choice: Choice | null) => void
}

/** The answer as it forms; where there is none, why. */
export function AnswerView({ isAgain, isSimulated, ...turn }: AnswerViewProps) {
  const { run } = turn
  const writer = writerOf(run)
  // Reading Markdown takes longer the longer it gets: words come first, their form when there is time.
  const answer = useDeferredValue(run.answer)
  const isEmpty = run.answer === '' && run.reasoning === ''
  return (
    <section className="answer" aria-label="Answer" aria-live="polite">
      <Byline run={run} isAgain={isAgain} />
      {isAgain && <Circumstances run={run} isSimulated={isSimulated} />}
      {run.state === 'runs' && isEmpty && (
        <p className="waiting">{writer ? `${writer.name} reads the drafts` : waitingFor(run)}</p>
      )}
      {run.reasoning !== '' && (
        <details className="reasoning">
          <summary>Reasoning</summary>
          {run.reasoning}
        </details>
      )}
      <Prose text={answer} />
      {run.state === 'stopped' && <p className="note">You stopped it; nobody writes any more.</p>}
      {run.failure && <FailureNote failure={run.failure} />}
      {run.answer !== '' && run.state !== 'runs' && <CopyButton text={run.answer} />}
      <StandingNote {...turn} />
    </section>
  )
}

/** Whether the conversation goes on from this answer; where it could, a button for it. */
function StandingNote({ run, isAlone, standing, standIn, onChoose }: StandingProps) {
  return (
    <>
      {(standing === 'picked' || standing === 'open') && (
        <GoOn what="answer" choice={{ run: run.id, step: null }} isPicked={standing === 'picked'} onChoose={onChoose} />
      )}
      {standing === 'first' && !isAlone && <p className="note">The conversation goes on from this answer.</p>}
      {standIn !== null && <p className="note">{standIn} stands in for this answer in what you ask from now on.</p>}
    </>
  )
}

/** Who writes it, for whom where that is said nowhere else, and what it has to do without. */
function Byline({ run, isAgain }: { readonly run: Run; readonly isAgain: boolean }) {
  const lost = [...run.workers, ...run.aggregates].filter(({ state }) => state === 'failed').map(({ name }) => name)
  const writer = writerOf(run)
  const isOther = isAgain && run.asked.aggregate === null
  return (
    <p className="byline">
      Answer {isOther && <span className="tag">{run.asked.model}</span>}
      {isOther && run.route !== null && <> chose {<span className="tag">{run.route}</span>}</>}
      {isOther && writer && ' by '}
      {writer && <span className="tag">{writer.name}</span>}
      {lost.length > 0 && <span className="tag warning">without {lost.join(', ')}</span>}
    </p>
  )
}

/** What to know when it is held against the first. */
function Circumstances({ run, isSimulated }: { readonly run: Run; readonly isSimulated: boolean }) {
  return (
    <>
      {isSimulated && <span className="tag warning">simulated: the text is made up</span>}
      {sparedIn(run).map((sentence) => (
        <p key={sentence} className="note">
          {sentence}
        </p>
      ))}
    </>
  )
}

function waitingFor({ workers, route, asked }: Run): string {
  const atWork = workers.filter(({ endedMs }) => endedMs === null).length
  if (workers.length === 0) return route === null ? `Asking ${asked.model}` : `Asking ${route}`
  return atWork === 1 ? 'One worker is still writing' : `${atWork} workers are writing`
}

/** Models write Markdown. What they write is no HTML of ours, and no picture is fetched for it. */
const Prose = memo(function Prose({ text }: { readonly text: string }) {
  return (
    <Markdown
      remarkPlugins={[remarkGfm]}
      components={{
        a: ({ href, children }) => (
          <a href={href} target="_blank" rel="noreferrer nofollow">
            {children}
          </a>
        ),
        img: ({ alt, src }) => <span className="picture">[picture: {alt === '' ? String(src) : alt}]</span>,
      }}
    >
      {text}
    </Markdown>
  )
})

function FailureNote({ failure: { code, message, details = [] } }: { readonly failure: Failure }) {
  return (
    <div className="failure" role="alert">
      <p>
        {message} <code>{code}</code>
      </p>
      {details.length > 0 && (
        <ul>
          {details.map((detail) => (
            <li key={detail.worker}>
              <strong>{detail.worker}</strong>: {detail.message} <code>{detail.code}</code>
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}

export function CopyButton({ text }: { readonly text: string }) {
  const [isCopied, setIsCopied] = useState(false)
  return (
    <button
      type="button"
      className="quiet"
      onClick={() => {
        void navigator.clipboard.writeText(text).then(() => {
          setIsCopied(true)
        })
      }}
    >
      {isCopied ? 'Copied' : 'Copy'}
    </button>
  )
}
