/**
 * What a model would do with a request, said without asking anybody: who would be asked, and what that is expected to
 * take. Explanations nest as models do.
 */
import type { Spending } from './call-context.ts'
import type { Clock } from './clock.ts'

export type Explanation = ModelExplanation | MixtureExplanation | RouterExplanation

/** One call to a single model. */
export interface ModelExplanation {
  readonly kind: 'model'
  readonly id: string
  readonly budget: 'fits' | 'refuse'
  readonly estimate: Estimate
}

export interface MixtureExplanation {
  readonly kind: 'mixture'
  readonly id: string
  readonly strategy: string
  /** Who would write drafts, under the names that they have in the trace; nobody where the aggregate answers alone. */
  readonly workers: readonly { readonly label: string; readonly explanation: Explanation }[]
  /** Its calls, in turn; none where a draft is the answer. */
  readonly aggregate: readonly Explanation[]
  /** Usable drafts that suffice. */
  readonly quorum: number
  /** Why the aggregate would answer alone; null where the workers are asked. */
  readonly bypass: string | null
  readonly budget: BudgetFit
  readonly estimate: Estimate
}

/** Whether all of a mixture is within the budget, or what would be done because it is not. */
export type BudgetFit = 'fits' | 'shrink' | 'bypass' | 'refuse'

export interface RouterExplanation {
  readonly kind: 'router'
  readonly id: string
  /** What was or would be chosen; where a model would choose, what stands without it. */
  readonly route: Explanation
  readonly source: string
  /** 0 to 1, where the step that chose can say how sure it was. */
  readonly confidence: number | null
  /** The id of the model that would be asked to choose; null where nobody need be. */
  readonly wouldAsk: string | null
  /** What there is to choose from, with the scores of the local scorer. */
  readonly candidates: readonly { readonly id: string; readonly score: number }[]
  /** Of a route that is composed for this request: why it is composed as it is. */
  readonly plan: string | null
  readonly estimate: Estimate
}

/** What calls are expected to take, all of those that a strategy may come to. */
export interface Estimate {
  /** Calls to upstreams, without retries. */
  readonly calls: number
  readonly promptTokens: number
  readonly completionTokens: number
  /** US dollars for the calls whose price is known. */
  readonly knownCostUsd: number
  /** The ids of the models whose price is not known: their cost is in no sum. */
  readonly unpriced: readonly string[]
  /** What is taken in any case: a strategy whose drafts agree may ask fewer. */
  readonly least: Spending
  /** Milliseconds from the start to the end; null where a model has not been seen at work yet. */
  readonly ms: number | null
}

/** What an explanation depends on beside the request. */
export interface Circumstances {
  readonly clock: Clock
  /** Tokens that come to the prompt before it is sent. */
  readonly addedTokens: number
}
