import type { Draft } from '../drafts/draft.ts'
import { settledAnswer } from './extract-answer.ts'

/** Two texts that share so many of their words say the same in hardly other words. */
const sameText = 0.8

/**
 * Whether at least two drafts say the same, so that asking more workers is hardly worth it. Where any of them settles on
 * a final answer, all have to settle on that one; else each has to share four fifths of its words with the first. A
 * refusal, or a draft that was stopped before its end, agrees with nobody.
 */
export function doAgree(drafts: readonly Draft[]): boolean {
  const [first, ...others] = drafts
  if (!first || others.length === 0 || drafts.some(({ flag }) => flag !== null)) return false
  const answers = new Set(drafts.map(({ text }) => settledAnswer(text.read())))
  if (answers.size > 1) return false
  const words = wordsOf(first.text.read())
  return !answers.has(null) || others.every(({ text }) => sharedWords(words, wordsOf(text.read())) >= sameText)
}

function wordsOf(text: string): ReadonlySet<string> {
  return new Set(text.toLowerCase().match(/[\p{L}\p{N}]+/gu))
}

/** From 0 to 1: the words of both among the words of either. */
function sharedWords(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const both = [...a].filter((word) => b.has(word)).length
  return both / Math.max(1, a.size + b.size - both)
}
