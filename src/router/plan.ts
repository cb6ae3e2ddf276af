import type { ChatModel } from '../chat/chat-model.ts'

/** How drafts become an answer. */
export const planStrategies = ['synthesize', 'select', 'vote'] as const
export type PlanStrategy = (typeof planStrategies)[number]

/** A mixture composed for one request out of the pool. One worker with one sample is that model alone. */
export interface Plan {
  /** `plan:a+b>c`: the workers, then the aggregate; `plan:a*3>c` where one worker writes three drafts. */
  readonly name: string
  readonly workers: readonly ChatModel[]
  /** Drafts per worker. */
  readonly samples: number
  readonly aggregate: ChatModel
  readonly strategy: PlanStrategy
  /** Why, in a few words, for the trace. */
  readonly reason: string
}

/** The same plan under the name that its parts make. */
export function namePlan(plan: Omit<Plan, 'name'>): Plan {
  const workers = plan.workers.map((model) => ({ model, samples: plan.samples }))
  return { name: planName(workers, plan.aggregate), ...plan }
}

/** The name of a mixture that is composed: its workers with their samples, then its aggregate. */
export function planName(
  workers: readonly { readonly model: ChatModel; readonly samples?: number }[],
  aggregate: ChatModel,
): string {
  const drafts = workers.map(({ model: { id }, samples = 1 }) => (samples > 1 ? `${id}*${samples}` : id))
  return `plan:${drafts.join('+')}>${aggregate.id}`
}

/** True where the plan is a single model that answers by itself. */
export function isSingleModel(plan: Plan): boolean {
  return plan.workers.length === 1 && plan.samples === 1
}
