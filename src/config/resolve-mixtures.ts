import type { BudgetLimits } from '../chat/call-budget.ts'
import type { DeadlineLimits } from '../chat/deadline.ts'
import { mostDrafts } from '../chat/mixture-limits.ts'
import type { MemberConfig, MixtureConfig, WorkerConfig } from './config.ts'
import type { DeadlinesFile, MemberFile, MixtureFile, WorkerFile } from './config-file.ts'
import { mixtureDefaults } from '../mixture/mixture-defaults.ts'
import { composeId } from '../router/rules.ts'
import { known } from './known.ts'
import type { ModelBook } from './model-book.ts'
import type { ConfigPath, Problems } from './problems.ts'
import type { TemplateReader } from './templates.ts'

/** What the parts of a config are resolved with. */
export interface Resolution {
  readonly book: ModelBook
  readonly templates: TemplateReader
  readonly problems: Problems
  readonly warnings: string[]
}

const manyWorkers = 6

/** @returns the mixtures in the order of the file */
export function resolveMixtures(written: readonly MixtureFile[], resolution: Resolution): MixtureConfig[] {
  const mixtures = written.map((mixture, index) => resolveMixture(mixture, ['mixtures', index], resolution))
  checkNames(written, resolution)
  return mixtures
}

function resolveMixture(written: MixtureFile, path: ConfigPath, resolution: Resolution): MixtureConfig {
  const { book } = resolution
  const workers = (written.workers ?? []).map((worker, index) =>
    resolveWorker(worker, [...path, 'workers', index], resolution),
  )
  checkSize(written, workers, { path, resolution })
  return {
    name: written.name,
    strategy: written.strategy ?? mixtureDefaults.strategy,
    aggregate: resolveMember(written.aggregate, [...path, 'aggregate'], resolution),
    aggregateFallbacks: (written.aggregate_fallbacks ?? []).map((id, index) =>
      book.resolveId(id, [...path, 'aggregate_fallbacks', index]),
    ),
    workers,
    minWorkers: written.min_workers ?? mixtureDefaults.minWorkers,
    graceMs: written.early ? 0 : (written.grace_ms ?? mixtureDefaults.graceMs),
    modality: written.modality ?? mixtureDefaults.modality,
    tools: written.tools ?? mixtureDefaults.tools,
    alwaysAggregate: written.always_aggregate ?? mixtureDefaults.alwaysAggregate,
    anonymise: written.anonymise ?? mixtureDefaults.anonymise,
    shuffle: written.shuffle ?? mixtureDefaults.shuffle,
    maxDraftCharacters: written.max_draft_characters ?? mixtureDefaults.maxDraftCharacters,
    reuseDraftsMs: written.reuse_drafts_ms ?? mixtureDefaults.reuseDraftsMs,
    workerDeadline: { ...mixtureDefaults.workerDeadline, ...resolveDeadlines(written.worker_deadlines) },
    deadline: { ...mixtureDefaults.deadline, ...resolveDeadlines(written.deadlines) },
    budget: resolveBudget(written.budget),
    prompts: resolvePrompts(written, path, resolution),
    ...known({
      description: written.description,
      quorum: written.quorum,
      maxWorkers: written.max_workers,
      layers: written.layers,
      topK: written.top_k,
      firstWorkers: written.first_workers,
    }),
    ...systemPromptOf(written, path, resolution),
  }
}

function resolvePrompts(
  { prompts = {} }: MixtureFile,
  path: ConfigPath,
  { templates }: Resolution,
): MixtureConfig['prompts'] {
  const written = Object.entries(prompts).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return Object.fromEntries(written.map(([name, text]) => [name, templates.read(text, [...path, 'prompts', name])]))
}

/** @returns the limits that are written, in the names of the code */
export function resolveDeadlines(written: DeadlinesFile = {}): DeadlineLimits {
  return known({ firstContentMs: written.first_content_ms, idleMs: written.idle_ms, totalMs: written.total_ms })
}

/** @param written of a mixture, or of a key, which has no policy */
export function resolveBudget(written: NonNullable<MixtureFile['budget']> = {}): BudgetLimits {
  return known({
    maxCalls: written.max_calls,
    maxTokens: written.max_tokens,
    maxCostUsd: written.max_cost_usd,
    onBudget: written.on_budget,
  })
}

function resolveMember(written: MemberFile, path: ConfigPath, resolution: Resolution): MemberConfig {
  const model = resolution.book.resolve(written, path)
  if (typeof written === 'string') return { model, params: {} }
  const { params = {}, description } = written
  return { model, params, ...known({ description }), ...systemPromptOf(written, path, resolution) }
}

function resolveWorker(written: WorkerFile, path: ConfigPath, resolution: Resolution): WorkerConfig {
  const details = typeof written === 'string' ? {} : written
  const { samples = 1, weight = 1, template, deadlines } = details
  return {
    ...resolveMember(written, path, resolution),
    samples,
    weight,
    deadline: resolveDeadlines(deadlines),
    ...(template === undefined ? {} : { template: resolution.templates.read(template, [...path, 'template']) }),
  }
}

function systemPromptOf(
  { system_prompt: written }: Pick<MixtureFile, 'system_prompt'>,
  path: ConfigPath,
  { templates }: Resolution,
): Pick<MixtureConfig, 'systemPrompt'> {
  return written === undefined ? {} : { systemPrompt: templates.readSystemPrompt(written, [...path, 'system_prompt']) }
}

function checkSize(
  { name, quorum, early, grace_ms: graceMs, min_workers: minWorkers = 1, max_workers: most = mostDrafts }: MixtureFile,
  workers: readonly WorkerConfig[],
  { path, resolution: { problems, warnings } }: { readonly path: ConfigPath; readonly resolution: Resolution },
): void {
  const calls = workers.reduce((sum, { samples }) => sum + samples, 0)
  if (calls > most) {
    problems.add(
      [...path, 'workers'],
      `${calls} calls to workers are more than ${most}; take fewer, or raise max_workers`,
    )
  } else if (calls > manyWorkers) {
    warnings.push(`mixture "${name}" has ${calls} workers: published gains flatten after 3, the cost does not`)
  }
  if (early === true && graceMs !== undefined)
    problems.add([...path, 'early'], 'means a grace of 0 and cannot stand beside grace_ms; leave out one of them')
  if (minWorkers > Math.max(1, calls)) {
    problems.add([...path, 'min_workers'], `${minWorkers} drafts can never be had of ${calls} calls to workers`)
  }
  if (quorum !== undefined && quorum > calls) {
    problems.add([...path, 'quorum'], `a quorum of ${quorum} can never be reached with ${calls} calls to workers`)
  }
}

function checkNames(written: readonly MixtureFile[], { problems }: Resolution): void {
  written.forEach(({ name }, index) => {
    const path = ['mixtures', index, 'name']
    if (name === 'router' || name === composeId)
      problems.add(path, `"${name}" has a meaning of its own; rename the mixture`)
    if (written.findIndex((other) => other.name === name) < index) {
      problems.add(path, `there are two mixtures "${name}"; rename one`)
    }
  })
}
