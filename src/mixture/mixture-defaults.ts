/** What a mixture does where nothing else is written, in a config or in a program. */
import type { DeadlineLimits } from '../chat/deadline.ts'

/**
 * Who acts where tools are on offer. `advise`: the aggregate, on what the workers have advised once for this turn of the
 * user; `every_turn`: the same, but they are asked at each step; `select`: the worker whose draft the aggregate names;
 * `bypass`: the aggregate, and no worker is asked.
 */
export const toolsModes = ['advise', 'bypass', 'select', 'every_turn'] as const
export type ToolsMode = (typeof toolsModes)[number]

export const mixtureDefaults = {
  strategy: 'synthesize',
  minWorkers: 1,
  graceMs: 3000,
  modality: 'drop',
  tools: 'advise',
  alwaysAggregate: false,
  anonymise: true,
  shuffle: true,
  maxDraftCharacters: 12_000,
  reuseDraftsMs: 60_000,
  workerDeadline: { firstContentMs: 30_000, idleMs: 20_000, totalMs: 60_000 },
  deadline: { totalMs: 120_000 } as DeadlineLimits,
} as const
