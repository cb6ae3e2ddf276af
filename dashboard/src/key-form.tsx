import { useState } from 'react'
import type { Failure } from './run.ts'

interface KeyFormProps {
  readonly failure: Failure
  /** One was given and was no good. */
  readonly hadKey: boolean
  readonly onKey: (key: string) => void
}

/** Where the gateway wants a key, or is not there. */
export function KeyForm({ failure, hadKey, onKey }: KeyFormProps) {
  const [key, setKey] = useState('')
  if (failure.code !== 'invalid_api_key')
    return (
      <main className="refused" role="alert">
        <h2>The gateway cannot be used</h2>
        <p>{failure.message}</p>
        <button
          onClick={() => {
            location.reload()
          }}
        >
          Try again
        </button>
      </main>
    )
  return (
    <main className="refused">
      <form
        onSubmit={(event) => {
          event.preventDefault()
          onKey(key.trim())
        }}
      >
        <h2>This gateway wants a key</h2>
        <p>
          One of those in its config under <code>keys</code>. It stays in this tab.
        </p>
        {hadKey && <p role="alert">The key is none of them.</p>}
        <label>
          Key{' '}
          <input
            type="password"
            value={key}
            autoFocus
            required
            onChange={(event) => {
              setKey(event.target.value)
            }}
          />
        </label>
        <button>Use it</button>
      </form>
    </main>
  )
}
