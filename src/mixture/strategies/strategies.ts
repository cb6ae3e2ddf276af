/** The table of strategies: adding one is a file, its prompt and a line here. */
import type { Strategy } from '../mixture-run.ts'
import { select } from './select.ts'
import { synthesize } from './synthesize.ts'
import { vote } from './vote.ts'

export const strategies = { synthesize, select, vote } as const satisfies Readonly<Record<string, Strategy>>

export type StrategyName = keyof typeof strategies

export function isStrategyName(name: string): name is StrategyName {
  return Object.hasOwn(strategies, name)
}
