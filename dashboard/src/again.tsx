import { type KeyboardEvent, useEffect, useState } from 'react'
import type { GatewayClient, ListedModel } from './gateway-client.ts'
import { ModelSelect } from './model-select.tsx'
import { type Asked, type Run, writerOf } from './run.ts'
import { mixtureOf, questionOf, type Turn } from './turn.ts'

interface AgainProps {
  readonly client: GatewayClient
  readonly turn: Turn
  /** Its first. */
  readonly run: Run
  readonly models: readonly ListedModel[]
  readonly isIdle: boolean
  readonly onAgain: (turn: Turn, asked: Asked) => void
}

/** The same question once more: what may be different. */
export function Again(props: AgainProps) {
  const mixture = mixtureOf(props.run)
  return (
    <div className="again" hidden={!props.isIdle}>
      {mixture !== null && <OtherAggregate mixture={mixture} {...props} />}
      <Comparison {...props} />
    </div>
  )
}

function OtherAggregate({ client, turn, models, mixture, onAgain }: AgainProps & { readonly mixture: string }) {
  const single = models.filter(({ capabilities }) => capabilities.kind === 'model')
  const writers = turn.runs.flatMap((each) => [writerOf(each)?.name, each.asked.aggregate]).filter((id) => id != null)
  const preferred = single.find(({ id }) => !writers.some((writer) => isSame(id, writer))) ?? single[0]
  const refusal = useRefusal(client, turn, { model: mixture, aggregate: preferred?.id ?? null })
  if (!preferred) return null
  return (
    <Offer
      name="Again with …"
      label="The same drafts, another aggregate"
      refusal={refusal}
      models={single}
      preferred={preferred.id}
      onPick={(aggregate) => {
        onAgain(turn, { model: mixture, aggregate })
      }}
    />
  )
}

function Comparison({ turn, run, models, onAgain }: AgainProps) {
  const asked = turn.runs.filter((each) => each.asked.aggregate === null).map((each) => each.asked.model)
  const others = models.filter(({ id }) => !asked.includes(id))
  const writer = writerOf(run)?.name
  const preferred = others.find(({ id }) => writer !== undefined && isSame(id, writer)) ?? others.at(-1)
  if (!preferred) return null
  return (
    <Offer
      name="Compare with …"
      label="The same question to"
      refusal={null}
      models={others}
      preferred={preferred.id}
      onPick={(model) => {
        onAgain(turn, { model, aggregate: null })
      }}
    />
  )
}

/** A listed id has the prefix of the gateway, a name in progress has not. */
function isSame(listed: string, name: string): boolean {
  return listed === name || listed.endsWith(`/${name}`)
}

/** Why the gateway would not do it; null where it would, undefined while that is not known. Nobody is asked for it. */
function useRefusal(client: GatewayClient, turn: Turn, asked: Asked): string | null | undefined {
  const [refusal, setRefusal] = useState<string | null>()
  useEffect(() => {
    let isWanted = true
    void client.refusalOf(questionOf(turn, asked)).then((found) => {
      if (isWanted) setRefusal(found)
    })
    return () => {
      isWanted = false
    }
    // What may be changed is the same for every question and aggregate.
  }, [client, asked.model])
  return refusal
}

interface OfferProps {
  readonly name: string
  readonly label: string
  /** As `useRefusal` has it. */
  readonly refusal: string | null | undefined
  readonly models: readonly ListedModel[]
  readonly preferred: string
  readonly onPick: (id: string) => void
}

/** A button that opens a choice of models. */
function Offer({ name, refusal, onPick, ...pick }: OfferProps) {
  const [isOpen, setIsOpen] = useState(false)
  const close = (): void => {
    setIsOpen(false)
  }
  if (isOpen) {
    const take = (id: string): void => {
      close()
      onPick(id)
    }
    return <Pick {...pick} onPick={take} onClose={close} />
  }
  return (
    <>
      <button
        type="button"
        className="quiet"
        disabled={refusal !== null}
        onClick={() => {
          setIsOpen(true)
        }}
      >
        {name}
      </button>
      {typeof refusal === 'string' && <span className="hint">{refusal}</span>}
    </>
  )
}

function Pick({
  label,
  models,
  preferred,
  onPick,
  onClose,
}: Omit<OfferProps, 'name' | 'refusal'> & { readonly onClose: () => void }) {
  const [model, setModel] = useState(preferred)
  return (
    <form
      className="pick"
      onSubmit={(event) => {
        event.preventDefault()
        onPick(model)
      }}
      onKeyDown={(event: KeyboardEvent) => {
        if (event.key === 'Escape') onClose()
      }}
    >
      <span>{label}</span>
      <ModelSelect isFirst label={label} models={models} model={model} onModel={setModel} />
      <button>Ask</button>
      <button type="button" className="quiet" onClick={onClose}>
        Cancel
      </button>
    </form>
  )
}
