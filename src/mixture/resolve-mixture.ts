import { type ChatModel, depthOver } from '../chat/chat-model.ts'
import { ConfigError } from '../chat/errors.ts'
import { deepestNest, mostDrafts } from '../chat/mixture-limits.ts'
import { parseSystemPrompt, type SystemPrompt } from '../prompt/system-prompt.ts'
import { parseTemplate, type Slots, type Template, type TemplateDefinition } from '../prompt/template.ts'
import type {
  MemberDefinition,
  MixtureDefinition,
  SystemPromptDefinition,
  WorkerDefinition,
} from './mixture-definition.ts'
import { defaultAdviser } from './tools/adviser.ts'
import { mixtureDefaults } from './mixture-defaults.ts'
import {
  adviserSlots,
  aggregateSystemPromptSlots,
  draftsPromptSlots,
  mixtureSystemPromptSlots,
  repairSlots,
  workerSystemPromptSlots,
  workerTemplateSlots,
} from './mixture-prompts.ts'
import { defaultRepair } from './answer/repair.ts'
import type { Aggregate, ResolvedMixture, Worker } from './resolved-mixture.ts'
import { draftsPrompts } from './strategies/strategies.ts'

/** @throws ConfigError where a template is wrong or the quorum cannot be reached */
export function resolveMixture(definition: MixtureDefinition): ResolvedMixture {
  const { id, systemPrompt, prompts } = definition
  const workers = resolveWorkers(definition)
  const aggregates = resolveAggregates(definition)
  requireFew(definition, workers.length)
  return {
    id,
    draftsOf: definition.draftsOf ?? id,
    depth: requireShallow(
      id,
      [...workers, ...aggregates].map(({ model }) => model),
    ),
    description: definition.description ?? '',
    workers,
    aggregates,
    layers: resolveLayers(definition),
    topK: atLeast(1, definition.topK ?? 3, `mixture "${id}": topK`),
    firstWorkers: atLeast(2, definition.firstWorkers ?? 2, `mixture "${id}": firstWorkers`),
    quorum: resolveQuorum(definition, workers.length),
    minWorkers: resolveMinWorkers(definition, workers.length),
    graceMs: definition.early ? 0 : (definition.graceMs ?? mixtureDefaults.graceMs),
    modality: definition.modality ?? mixtureDefaults.modality,
    tools: definition.tools ?? mixtureDefaults.tools,
    alwaysAggregate: definition.alwaysAggregate ?? mixtureDefaults.alwaysAggregate,
    anonymise: definition.anonymise ?? mixtureDefaults.anonymise,
    shuffle: definition.shuffle ?? mixtureDefaults.shuffle,
    maxDraftCharacters: definition.maxDraftCharacters ?? mixtureDefaults.maxDraftCharacters,
    reuseDraftsMs: definition.reuseDraftsMs ?? mixtureDefaults.reuseDraftsMs,
    deadline: { ...mixtureDefaults.deadline, ...definition.deadline },
    budget: definition.budget ?? null,
    systemPrompt: parseSystem(systemPrompt, `mixture "${id}": systemPrompt`, mixtureSystemPromptSlots),
    adviser: parseText(prompts?.adviser, `mixture "${id}": prompts.adviser`, adviserSlots) ?? defaultAdviser,
    repair: parseText(prompts?.repair, `mixture "${id}": prompts.repair`, repairSlots) ?? defaultRepair,
    prompts: resolvePrompts(definition),
  }
}

function resolvePrompts({ id, prompts = {} }: MixtureDefinition): ResolvedMixture['prompts'] {
  const written = draftsPrompts.flatMap(({ name }) => {
    const template = parseText(prompts[name], `mixture "${id}": prompts.${name}`, draftsPromptSlots)
    return template ? [[name, template] as const] : []
  })
  return new Map(written)
}

function requireFew({ id, maxWorkers = mostDrafts }: MixtureDefinition, calls: number): void {
  if (calls <= maxWorkers) return
  throw new ConfigError(
    `mixture "${id}": ${calls} calls to workers are more than ${maxWorkers}; take fewer, or raise maxWorkers.`,
  )
}

function requireShallow(id: string, members: readonly ChatModel[]): number {
  const depth = depthOver(members)
  if (depth <= deepestNest) return depth
  const deep = members.filter(({ card }) => card.depth === depth - 1).map((member) => `"${member.id}"`)
  throw new ConfigError(
    `mixture "${id}" is nested ${depth} deep, more than ${deepestNest}: so deep is ${deep.join(', ')} already.`,
  )
}

const mostLayers = 3

function resolveLayers({ id, layers = 1 }: MixtureDefinition): number {
  if (Number.isInteger(layers) && layers >= 1 && layers <= mostLayers) return layers
  throw new ConfigError(`mixture "${id}": layers is ${layers}; it must be a whole number from 1 to ${mostLayers}.`)
}

function atLeast(least: number, count: number, name: string): number {
  if (Number.isInteger(count) && count >= least) return count
  throw new ConfigError(`${name} is ${count}; it must be a whole number from ${least}.`)
}

function resolveQuorum({ id, quorum }: MixtureDefinition, calls: number): number {
  if (quorum === undefined || calls === 0) return Math.max(1, Math.ceil((calls * 2) / 3))
  if (Number.isInteger(quorum) && quorum >= 1 && quorum <= calls) return quorum
  throw new ConfigError(
    `mixture "${id}": quorum is ${quorum}; it must be a whole number from 1 to its ${calls} drafts.`,
  )
}

function resolveMinWorkers({ id, minWorkers = mixtureDefaults.minWorkers }: MixtureDefinition, calls: number): number {
  if (Number.isInteger(minWorkers) && minWorkers >= 0 && minWorkers <= Math.max(1, calls)) return minWorkers
  throw new ConfigError(
    `mixture "${id}": minWorkers is ${minWorkers}; it must be a whole number from 0 to its ${calls} drafts.`,
  )
}

function resolveAggregates({ id, aggregate, aggregateFallbacks = [] }: MixtureDefinition): readonly Aggregate[] {
  const { model, params = {}, systemPrompt } = memberOf(aggregate)
  const system = parseSystem(systemPrompt, `mixture "${id}": aggregate.systemPrompt`, aggregateSystemPromptSlots)
  return [model, ...aggregateFallbacks].map((each) => ({ model: each, params, systemPrompt: system }))
}

function resolveWorkers(definition: MixtureDefinition): readonly Worker[] {
  const labels = new Map<string, number>()
  return definition.workers
    .flatMap((written, index) => resolveWorker(definition, written, index))
    .map((worker, position) => ({ ...worker, position, label: uniqueLabel(worker.label, labels) }))
}

function resolveWorker(
  { id, prompts, workerDeadline }: MixtureDefinition,
  written: ChatModel | WorkerDefinition,
  index: number,
): readonly Omit<Worker, 'position'>[] {
  const { model, label, weight = 1, samples = 1, params = {}, ...rest }: WorkerDefinition = memberOf(written)
  const place = `mixture "${id}": workers[${index}]`
  const worker = {
    label: label ?? model.id,
    model,
    weight,
    params,
    deadline: { ...mixtureDefaults.workerDeadline, ...workerDeadline, ...rest.deadline },
    systemPrompt: parseSystem(rest.systemPrompt, `${place}.systemPrompt`, workerSystemPromptSlots),
    template:
      parseText(rest.template, `${place}.template`, workerTemplateSlots) ??
      parseText(prompts?.worker, `mixture "${id}": prompts.worker`, workerTemplateSlots),
  }
  return Array.from({ length: samples }, (_, sample) => ({ ...worker, sample }))
}

/** The second one called "qwen" is "qwen#2". */
function uniqueLabel(label: string, used: Map<string, number>): string {
  const count = (used.get(label) ?? 0) + 1
  used.set(label, count)
  return count === 1 ? label : `${label}#${count}`
}

function memberOf<M extends MemberDefinition>(written: ChatModel | M): M | MemberDefinition {
  return 'chat' in written ? { model: written } : written
}

function parseText<const S extends Slots>(
  written: TemplateDefinition | undefined,
  place: string,
  slots: S,
): Template<S> | null {
  return written ? parseTemplate({ text: written.text, origin: written.origin ?? place, slots }) : null
}

function parseSystem<const S extends Slots>(
  written: SystemPromptDefinition | undefined,
  place: string,
  slots: S,
): SystemPrompt<S> | null {
  if (!written) return null
  const { mode, template } = written
  return parseSystemPrompt({ mode, template: { text: template.text, origin: template.origin ?? place } }, slots)
}
