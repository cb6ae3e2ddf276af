import { useEffect, useRef, useState } from 'react'
import { Composer } from './composer.tsx'
import { Connect } from './connect.tsx'
import type { GatewayClient, ListedModel } from './gateway-client.ts'
import { TurnView } from './turn-view.tsx'
import { useConversation } from './use-conversation.ts'

interface LabProps {
  readonly client: GatewayClient
  readonly models: readonly ListedModel[]
}

/** A conversation with everything that happens behind it. */
export function Lab({ client, models }: LabProps) {
  const { turns, isRunning, requestOf, ask, askAgain, choose, stop, clear } = useConversation(client)
  const [model, setModel] = useState(() => firstChoice(models))
  useFollow(turns)
  const asked = { model, aggregate: null }
  const askNow = (question: string): void => {
    ask(question, asked)
  }
  return (
    <>
      <main className="lab">
        {turns.length === 0 && <Connect models={models} onExample={askNow} />}
        {turns.map((turn) => (
          <TurnView
            key={turn.id}
            {...{ client, turn, models }}
            isIdle={!isRunning}
            onAgain={askAgain}
            onChoose={choose}
          />
        ))}
      </main>
      <Composer
        {...{ models, model, isRunning }}
        onModel={setModel}
        forecast={(question) => client.explain(requestOf(question, asked))}
        onAsk={askNow}
        onStop={stop}
        onClear={turns.length > 0 ? clear : null}
      />
    </>
  )
}

/** Keeps the end of the page in sight while it grows, for a reader who was there. */
function useFollow(turns: readonly unknown[]): void {
  const isAtEnd = useRef(true)
  const count = useRef(0)
  useEffect(() => {
    const look = (): void => {
      const { scrollHeight } = document.documentElement
      isAtEnd.current = window.scrollY + window.innerHeight > scrollHeight - nearEndPixels
    }
    window.addEventListener('scroll', look, { passive: true })
    return () => {
      window.removeEventListener('scroll', look)
    }
  }, [])
  useEffect(() => {
    const isNew = turns.length > count.current
    if (isNew || (turns.length > 0 && isAtEnd.current)) window.scrollTo(0, document.documentElement.scrollHeight)
    count.current = turns.length
  }, [turns])
}

const nearEndPixels = 80

function firstChoice(models: readonly ListedModel[]): string {
  const kinds = ['router', 'mixture', 'model']
  const [first] = models.toSorted((a, b) => kinds.indexOf(a.capabilities.kind) - kinds.indexOf(b.capabilities.kind))
  return first?.id ?? ''
}
