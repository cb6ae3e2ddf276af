import { useState } from 'react'
import { type Explanation, forecastLines, forecastSum } from './explanation.ts'
import { failureOf } from './gateway-client.ts'

/** What asking would do and take: no model is asked for it. */
export function Forecast({ explain }: { readonly explain: () => Promise<Explanation> }) {
  const [explanation, setExplanation] = useState<Explanation | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  const look = (): void => {
    setProblem(null)
    explain().then(setExplanation, (error: unknown) => {
      setExplanation(null)
      setProblem(failureOf(error).message)
    })
  }
  return (
    <div className="forecast" aria-live="polite">
      <button type="button" className="quiet" onClick={look}>
        What would it take?
      </button>
      {problem !== null && <p role="alert">{problem}</p>}
      {explanation && (
        <>
          <ul>
            {forecastLines(explanation).map(({ depth, text }, index) => (
              <li key={index} data-depth={depth}>
                {text}
              </li>
            ))}
          </ul>
          <p>{forecastSum(explanation.estimate)}</p>
        </>
      )}
    </div>
  )
}
