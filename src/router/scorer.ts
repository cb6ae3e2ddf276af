/**
 * The local scorer: ranks descriptions by the words they share with a question (Okapi BM25, Robertson and Zaragoza
 * 2009), in microseconds and without a model. It answers alone only where its lead is beyond doubt.
 */

export interface Description {
  readonly id: string
  readonly text: string
}

export interface Score {
  readonly id: string
  readonly score: number
  /** How many different words the question and the description share. */
  readonly sharedWords: number
}

/** Ranks the described ids for a question, best first; ids that share no word score 0 and keep their order. */
export type Scorer = (question: string) => readonly Score[]

/** The best of a ranking and how far ahead it is: 0 is a tie, 1 means that no other id shares a word. */
export interface Leader {
  readonly id: string
  readonly margin: number
  /** True where asking a model would be a waste: at least two shared words, and far ahead. */
  readonly isClear: boolean
}

/** Knows words in languages that write without spaces too. */
const segmenter = new Intl.Segmenter('en', { granularity: 'word' })

const saturation = 1.2
const lengthWeight = 0.75
const clearMargin = 0.6
const clearWords = 2
const maxQuestionLength = 4000

/** A scorer over fixed descriptions. */
export function createScorer(descriptions: readonly Description[]): Scorer {
  const documents = descriptions.map(({ id, text }) => ({ id, words: wordsIn(text) }))
  const meanLength = documents.reduce((sum, { words }) => sum + words.length, 0) / Math.max(1, documents.length)
  const weights = inverseFrequencies(documents.map(({ words }) => words))
  return (question) => {
    const asked = new Set(wordsIn(question.slice(0, maxQuestionLength)))
    const scores = documents.map(({ id, words }) => {
      const shared = [...asked].filter((word) => words.includes(word))
      const norm = saturation * (1 - lengthWeight + (lengthWeight * words.length) / meanLength)
      const score = shared.reduce((sum, word) => {
        const count = words.filter((other) => other === word).length
        return sum + ((weights.get(word) ?? 0) * count * (saturation + 1)) / (count + norm)
      }, 0)
      return { id, score, sharedWords: shared.length }
    })
    return scores.sort((a, b) => b.score - a.score)
  }
}

/** The leader of a ranking; undefined where no description shares a word with the question, or the best two tie. */
export function leaderOf(scores: readonly Score[]): Leader | undefined {
  const [best, next] = scores
  if (!best || best.score <= 0) return undefined
  const margin = (best.score - (next?.score ?? 0)) / best.score
  if (margin <= 0) return undefined
  return { id: best.id, margin, isClear: margin >= clearMargin && best.sharedWords >= clearWords }
}

/** The words of a text that carry meaning, folded: case, accents and a plural's "s" make no difference. */
export function wordsIn(text: string): string[] {
  const folded = text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()
  const words = [...segmenter.segment(folded)]
  return words
    .filter(({ isWordLike, segment }) => isWordLike === true && !stopWords.has(segment))
    .map(({ segment }) => (segment.length > 3 ? segment.replace(/(?<!s)s$/, '') : segment))
}

function inverseFrequencies(documents: readonly (readonly string[])[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const word of documents.flatMap((words) => [...new Set(words)])) counts.set(word, (counts.get(word) ?? 0) + 1)
  const weigh = (count: number): number => Math.log(1 + (documents.length - count + 0.5) / (count + 0.5))
  return new Map([...counts].map(([word, count]) => [word, weigh(count)]))
}

/** Words that say nothing of a topic, and those that descriptions of models and polite questions are full of. */
const stopWords: ReadonlySet<string> = new Set(
  (
    'a about all also am an and any are as at be been best better but by can could did do does for from get give good ' +
    'had has have help how i if in into is it its just like make me more most my need not of on one only or other our ' +
    'out please should so some such than that the their them then there these they thing things this to too up us use ' +
    'used using very want was we well were what when where which who why will with would you your ' +
    'answer answers chat general mixture model models purpose question questions task tasks tell'
  ).split(' '),
)
