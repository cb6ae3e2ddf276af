import type { Choice } from './turn.ts'

interface GoOnProps {
  /** What it is: a draft, an answer. */
  readonly what: string
  readonly choice: Choice
  readonly isPicked: boolean
  readonly onChoose: (choice: Choice | null) => void
}

/** Makes a text the one that the conversation goes on from, and takes that back. */
export function GoOn({ what, choice, isPicked, onChoose }: GoOnProps) {
  return (
    <>
      {isPicked && <span className="note">The conversation goes on from this {what}.</span>}
      <button
        type="button"
        className="quiet"
        onClick={() => {
          onChoose(isPicked ? null : choice)
        }}
      >
        {isPicked ? 'Take back' : `Go on from this ${what}`}
      </button>
    </>
  )
}
