import { type ChatModel, createModelCard, depthOver, type ModelCard } from '../chat/chat-model.ts'
import type { RouterDefinition } from './router-definition.ts'

/** A router can what one of its models can. */
export function cardOf(definition: RouterDefinition): ModelCard {
  const { candidates, compose, model } = definition
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
    depth: depthOver(withinReach(definition)),
    ...(known.length > 0 && known.length === windows.length ? { contextWindow: Math.max(...known) } : {}),
  })
}

/** What it may hand on to of its own accord: a candidate that is not offered is for the requests that name it. */
function withinReach({ candidates, compose, default: fallback, rules = [] }: RouterDefinition): readonly ChatModel[] {
  const named = new Set([fallback, ...rules.map(({ use }) => use)])
  const reached = candidates.filter(({ model, offered }) => offered !== false || named.has(model.id))
  return [...reached.map((candidate) => candidate.model), ...(compose?.pool ?? [])]
}
