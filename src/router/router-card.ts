import { createModelCard, type ModelCard } from '../chat/chat-model.ts'
import type { RouterDefinition } from './router-definition.ts'

/** A router can what one of its models can. */
export function cardOf({ candidates, compose, model }: RouterDefinition): ModelCard {
  const served = [...candidates.map((candidate) => candidate.model), ...(compose?.pool ?? [])].map(({ card }) => card)
  const windows = served.map(({ contextWindow }) => contextWindow)
  const known = windows.filter((window) => window !== undefined)
  return createModelCard({
    kind: 'router',
    ownedBy: 'mollmr',
    description: 'Chooses the mixture or model for each request.',
    modalities: [...new Set(served.flatMap(({ modalities }) => modalities))],
    tools: served.some(({ tools }) => tools),
    simulated: [...served, ...(model ? [model.card] : [])].some(({ simulated }) => simulated),
    ...(known.length > 0 && known.length === windows.length ? { contextWindow: Math.max(...known) } : {}),
  })
}
