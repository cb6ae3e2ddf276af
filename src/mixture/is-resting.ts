import { isAwake } from '../chat/chat-model.ts'
import type { Aggregate, ResolvedMixture, Worker } from './resolved-mixture.ts'
import type { Strategy } from './strategies/strategy.ts'

/**
 * True where the mixture cannot answer as it is meant to: too many of its workers rest for the quorum, or the aggregate
 * and all its fallbacks do. A strategy that asks no aggregate needs one worker only.
 */
export function isResting(mixture: ResolvedMixture, { asks }: Strategy, nowMs: number): boolean {
  const { workers, aggregates, quorum } = mixture
  const isUp = ({ model }: Worker | Aggregate): boolean => isAwake(model, nowMs)
  if (asks(workers.length, mixture).length === 0 && workers.some(isUp)) return false
  return workers.filter(isUp).length < Math.min(quorum, workers.length) || !aggregates.some(isUp)
}
