import { closedResult } from './character.ts'
import type { Mind } from './mind.ts'
import { kindWords, questionKind } from './question-kind.ts'
import type { Prompt } from './read-prompt.ts'
import { contentWords, wordOverlap } from './word-overlap.ts'

/**
 * The option whose name, description or draft has the most words in common with what is asked; chance decides between
 * equals. A number stands for the draft with that number, which is compared with what the character itself would say.
 */
export function pickOption<T>(options: readonly T[], mind: Mind): T {
  const wanted = wantedWords(mind)
  const scored = options.map((option) => ({ option, score: wordOverlap(wanted, wordsFor(option, mind.prompt)) }))
  const best = Math.max(...scored.map(({ score }) => score))
  return mind.random.pick(scored.filter(({ score }) => score === best)).option
}

function wantedWords({ prompt: { question, drafts }, character, random }: Mind): readonly string[] {
  const result = drafts.length > 0 ? closedResult(question, character, random) : null
  return result === null ? [...contentWords(question), ...kindWords[questionKind(question)]] : [String(result)]
}

function wordsFor(option: unknown, { drafts, text }: Prompt): readonly string[] {
  if (typeof option === 'number') return contentWords(drafts[option - 1] ?? '')
  const name = String(option)
  return contentWords(text.split('\n').find((line) => line.startsWith(`- ${name}:`)) ?? name)
}
