/** The table of strategies: adding one is a file, its prompt and a line here. */
import { advise } from '../tools/advise.ts'
import type { DraftsPrompt } from '../block/drafts-prompt.ts'
import { layerPrompt } from '../drafts/round-before.ts'
import { cascade } from './cascade.ts'
import { deliberate } from './deliberate.ts'
import { race } from './race.ts'
import { rankFuse } from './rank-fuse.ts'
import { select } from './select.ts'
import type { Strategy } from './strategy.ts'
import { synthesize } from './synthesize.ts'
import { vote } from './vote.ts'

export const strategies = {
  synthesize,
  select,
  vote,
  deliberate,
  rank_fuse: rankFuse,
  cascade,
  race,
} as const satisfies Readonly<Record<string, Strategy>>

export type StrategyName = keyof typeof strategies

/** In the order of the table. */
export const strategyNames = Object.keys(strategies) as readonly StrategyName[]

export function isStrategyName(name: string): name is StrategyName {
  return Object.hasOwn(strategies, name)
}

type DraftsPromptName =
  (typeof strategies)[StrategyName]['prompts'][number]['name'] | (typeof advise)['prompts'][number]['name'] | 'layer'

/** Every prompt that shows drafts: those of the strategies, and that of a request which offers tools. */
export const draftsPrompts: readonly DraftsPrompt<DraftsPromptName>[] = [
  ...new Set(Object.values(strategies).flatMap(({ prompts }) => [...prompts])),
  ...advise.prompts,
  layerPrompt,
]

/** Every prompt of a mixture that the user may write: these, and what workers are asked with. */
export type PromptName = DraftsPromptName | 'adviser' | 'repair' | 'worker'

export const promptNames: readonly PromptName[] = [
  ...draftsPrompts.map(({ name }) => name),
  'adviser',
  'repair',
  'worker',
]
