/** Ranks the models of a pool by what their cards declare: strengths that the question asks for, quality, price. */
import type { ChatModel } from '../chat/chat-model.ts'
import { wordsIn } from './scorer.ts'

/** Of the best declared quality: below this a model lowers the answer, however different its draft is. */
const qualityFloor = 0.7
/** Where nothing is declared a model is neither favoured nor ruled out. */
const unknownQuality = 0.5

/** The models good enough to be in a plan together; a quality that is not declared is not held against a model. */
export function aboveQualityFloor(models: readonly ChatModel[]): readonly ChatModel[] {
  const best = Math.max(...models.map(({ card }) => card.quality ?? 0))
  return models.filter(({ card }) => card.quality === undefined || card.quality >= best * qualityFloor)
}

/**
 * `count` models for a question, greedily: each next one is the one that adds most of the strengths that the question
 * asks for, then the better, then the cheaper, then the first in the pool's order.
 */
export function pickWorkers(models: readonly ChatModel[], question: string, count: number): readonly ChatModel[] {
  const asked = new Set(wordsIn(question))
  const picked: ChatModel[] = []
  const covered = new Set<string>()
  while (picked.length < Math.min(count, models.length)) {
    const gainOf = (model: ChatModel): number =>
      askedStrengths(model, asked).filter((word) => !covered.has(word)).length
    const left = models.filter((model) => !picked.includes(model))
    const [next] = [...left].sort((a, b) => gainOf(b) - gainOf(a) || byQualityAndPrice(a, b))
    if (!next) break
    picked.push(next)
    for (const word of askedStrengths(next, asked)) covered.add(word)
  }
  return picked
}

/** Better first, then cheaper; models of unknown price come last among equals. */
export function byQualityAndPrice(a: ChatModel, b: ChatModel): number {
  const quality = (b.card.quality ?? unknownQuality) - (a.card.quality ?? unknownQuality)
  return quality || Math.sign(priceOf(a) - priceOf(b)) || 0
}

function askedStrengths({ card }: ChatModel, asked: ReadonlySet<string>): string[] {
  return [...new Set(card.strengths.flatMap(wordsIn))].filter((word) => asked.has(word))
}

function priceOf({ card: { price } }: ChatModel): number {
  return price ? price.input + price.output : Number.MAX_VALUE
}
