import type { ListedModel } from './gateway-client.ts'

interface ModelSelectProps {
  readonly label: string
  readonly models: readonly ListedModel[]
  readonly model: string
  /** The keyboard goes to it. */
  readonly isFirst?: boolean
  readonly onModel: (id: string) => void
}

const groups = [
  ['router', 'Router'],
  ['mixture', 'Mixtures'],
  ['model', 'Single models'],
] as const

export function ModelSelect({ label, models, model, isFirst = false, onModel }: ModelSelectProps) {
  return (
    <select
      aria-label={label}
      autoFocus={isFirst}
      value={model}
      onChange={(event) => {
        onModel(event.target.value)
      }}
    >
      {groups.map(([kind, name]) => (
        <ModelGroup key={kind} label={name} models={models.filter(({ capabilities }) => capabilities.kind === kind)} />
      ))}
    </select>
  )
}

function ModelGroup({ label, models }: { readonly label: string; readonly models: readonly ListedModel[] }) {
  if (models.length === 0) return null
  return (
    <optgroup label={label}>
      {models.map(({ id, capabilities }) => (
        <option key={id} value={id}>
          {id}
          {capabilities.simulated ? ' (simulated)' : ''}
        </option>
      ))}
    </optgroup>
  )
}
