import { useEffect, useRef, useState } from 'react'
import type { Explanation } from './explanation.ts'
import { Forecast } from './forecast.tsx'
import type { ListedModel } from './gateway-client.ts'
import { ModelSelect } from './model-select.tsx'

interface ComposerProps {
  readonly models: readonly ListedModel[]
  readonly model: string
  readonly isRunning: boolean
  /** What a question would do. */
  readonly forecast: (question: string) => Promise<Explanation>
  readonly onModel: (id: string) => void
  readonly onAsk: (question: string) => void
  readonly onStop: () => void
  /** Null where there is nothing to clear. */
  readonly onClear: (() => void) | null
}

export function Composer({ isRunning, forecast, onAsk, onStop, ...choice }: ComposerProps) {
  const [question, setQuestion] = useState('')
  const field = useRef<HTMLTextAreaElement>(null)
  useShortcuts({ '/': () => field.current?.focus(), Escape: onStop })
  const canAsk = !isRunning && question.trim() !== ''
  const send = (event: { readonly preventDefault: () => void }): void => {
    event.preventDefault()
    if (!canAsk) return
    onAsk(question.trim())
    setQuestion('')
  }
  return (
    <form className="composer" onSubmit={send}>
      <textarea
        ref={field}
        value={question}
        rows={2}
        autoFocus
        aria-label="Question"
        placeholder="Ask something"
        onChange={(event) => {
          setQuestion(event.target.value)
        }}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing) send(event)
        }}
      />
      {question.trim() !== '' && (
        <Forecast key={`${choice.model} ${question}`} explain={() => forecast(question.trim())} />
      )}
      <div className="composer-row">
        <Choice {...choice} />
        {isRunning ? (
          <button type="button" onClick={onStop}>
            Stop
          </button>
        ) : (
          <button disabled={!canAsk}>Ask</button>
        )}
      </div>
    </form>
  )
}

/** Who is to answer, and whether the conversation goes on. */
function Choice({
  models,
  model,
  onModel,
  onClear,
}: Omit<ComposerProps, 'isRunning' | 'forecast' | 'onAsk' | 'onStop'>) {
  return (
    <>
      <ModelSelect label="Model" {...{ models, model, onModel }} />
      <span className="hint">{models.find(({ id }) => id === model)?.description}</span>
      {onClear && (
        <button type="button" className="quiet" onClick={onClear}>
          New conversation
        </button>
      )}
    </>
  )
}

/** Keys that work anywhere but in a field, and Escape, which works there too. */
function useShortcuts(shortcuts: Readonly<Record<string, () => void>>): void {
  const latest = useRef(shortcuts)
  useEffect(() => {
    latest.current = shortcuts
  })
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      const isInField = event.target instanceof Element && event.target.closest('input, textarea, select') !== null
      const shortcut = latest.current[event.key]
      if (!shortcut || (isInField && event.key !== 'Escape')) return
      event.preventDefault()
      shortcut()
    }
    document.addEventListener('keydown', press)
    return () => {
      document.removeEventListener('keydown', press)
    }
  }, [])
}
