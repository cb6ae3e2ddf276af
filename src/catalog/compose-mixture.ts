/** A mixture for one request, out of members that the request names. */
import { type ChatModel, depthOver } from '../chat/chat-model.ts'
import type { RequestOptions } from '../chat/chat-request.ts'
import { RequestError } from '../chat/errors.ts'
import { deepestNest, mostDrafts } from '../chat/mixture-limits.ts'
import { planName } from '../router/plan.ts'
import type { MemberDefinition, MixtureDefinition, WorkerDefinition } from '../mixture/mixture-definition.ts'

/** A mixture of the config, its members found. */
export interface BuiltDefinition extends MixtureDefinition {
  readonly workers: readonly WorkerDefinition[]
  readonly aggregate: MemberDefinition
}

export interface Composition {
  /** What the request asks for. */
  readonly asked: ChatModel
  /** The definition of that, where it is a mixture: its strategy, prompts, deadlines and budget stay. */
  readonly base: BuiltDefinition | undefined
  readonly find: (id: string, param: string) => ChatModel
}

/**
 * The mixture that `options.workers` and `options.aggregate` describe. What they leave out is the base's; a single model
 * that is asked for is the aggregate.
 *
 * @throws RequestError where a member is missing or unknown, or there are too many
 */
export function composeMixture(options: RequestOptions, composition: Composition): BuiltDefinition {
  const workers = workersOf(options, composition)
  const aggregate = aggregateOf(options, composition)
  const { quorum, ...knobs } = composition.base ?? {}
  const drafts = workers.reduce((sum, { samples = 1 }) => sum + samples, 0)
  const most = composition.base?.maxWorkers ?? mostDrafts
  if (drafts > most) throw invalid('workers', `may name ${most} at most, not ${drafts}.`)
  for (const { model } of workers) requireShallow(model, 'workers')
  requireShallow(aggregate.model, 'aggregate')
  return {
    ...knobs,
    ...(quorum !== undefined && quorum <= drafts ? { quorum } : {}),
    id: planName(workers, aggregate.model),
    ...(options.workers ? {} : { draftsOf: composition.asked.id }),
    workers,
    aggregate,
  }
}

/** A worker that is named twice writes two drafts. One that the base has too keeps what the base says of it. */
function workersOf({ workers: ids }: RequestOptions, { base, find, asked }: Composition): readonly WorkerDefinition[] {
  if (!ids && base) return base.workers
  if (!ids) throw invalid('workers', `is needed too: "${asked.id}" is not a mixture that has them.`)
  const samples = new Map<ChatModel, number>()
  for (const [index, id] of ids.entries()) {
    const model = find(id, `mollmr.workers[${index}]`)
    samples.set(model, (samples.get(model) ?? 0) + 1)
  }
  return [...samples].map(([model, count]) => {
    const known = base?.workers.find((worker) => worker.model === model)
    return { ...known, model, samples: count }
  })
}

function aggregateOf({ aggregate: id }: RequestOptions, { base, find, asked }: Composition): MemberDefinition {
  if (id !== undefined) return { model: find(id, 'mollmr.aggregate') }
  if (base) return base.aggregate
  if (asked.card.kind === 'model') return { model: asked }
  throw invalid('aggregate', `is needed too: "${asked.id}" is neither a mixture nor a single model.`)
}

/** What it stands in is one deeper. */
function requireShallow(model: ChatModel, field: 'workers' | 'aggregate'): void {
  if (depthOver([model]) <= deepestNest) return
  throw invalid(field, `names "${model.id}", which is nested ${deepestNest} deep already; that is as deep as it goes.`)
}

function invalid(field: 'workers' | 'aggregate', what: string): RequestError {
  const param = `mollmr.${field}`
  return new RequestError('invalid_request', `${param} ${what}`, { param })
}
