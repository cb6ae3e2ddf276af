/** Reads which option a base model means, without ever guessing between two. */
import { jsonObjectsIn } from './json-objects.ts'

/** The answer of a base model that finds no option fitting; a real answer, and a reserved id. */
export const noChoice = 'none'

/**
 * The one id that a reply names; undefined where it names none of them, or more than one.
 *
 * Tried in order: the `choice` of a JSON object, the exact id, the id without regard to case and spaces, the only id
 * that occurs as a word, the only id at edit distance 1.
 */
export function parseChoice(reply: string, ids: readonly string[]): string | undefined {
  const text = withoutThinking(reply).trim()
  const choices = choicesInJson(text)
  if (choices.length > 0) return theOnly(choices.map((choice) => matchId(choice, ids)))
  return matchId(text, ids) ?? occurringId(text, ids)
}

/** A reply without its `<think>` block; one that was never closed takes the rest with it. */
export function withoutThinking(reply: string): string {
  return reply.replace(/<think>[\s\S]*?(?:<\/think>|$)/gi, '').replace(/^[\s\S]*<\/think>/i, '')
}

/** The id that a name stands for, misspelt by one letter at most. */
export function matchId(name: string, ids: readonly string[]): string | undefined {
  const bare = name.trim().replace(/^["'`*([{<\s]+|["'`*)\]}>.,:;!\s]+$/gu, '')
  if (ids.includes(name)) return name
  if (ids.includes(bare)) return bare
  const folded = fold(bare)
  const same = ids.filter((id) => fold(id) === folded)
  if (same.length > 0) return theOnly(same)
  return theOnly(ids.filter((id) => id.length >= minMisspeltLength && isOneEditApart(fold(id), folded)))
}

/** Below this length a different id is as likely as a misspelt one. */
const minMisspeltLength = 4

function choicesInJson(text: string): string[] {
  const choices = jsonObjectsIn(text).map((object) => object['choice'])
  const whole = choices.filter((choice) => typeof choice === 'string')
  if (whole.length > 0) return whole
  // A reply that ran into its token limit inside the reason still says what was chosen.
  const cut = /"choice"\s*:\s*"([^"\\]*)"/.exec(text)?.[1]
  return cut === undefined ? [] : [cut]
}

function occurringId(text: string, ids: readonly string[]): string | undefined {
  return theOnly(ids.filter((id) => occursAsWord(text.toLowerCase(), id.toLowerCase())))
}

function occursAsWord(text: string, word: string): boolean {
  if (word === '') return false
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    if (endsBefore.test(text.slice(0, at)) && startsAfter.test(text.slice(at + word.length))) return true
  }
  return false
}

/** Ids hold dashes, dots, slashes and colons: "coder" does not occur in "coder-xl" or "qwen/coder". */
const endsBefore = /(?:^|[^\p{L}\p{N}_\-/.:])$/u
const startsAfter = /^(?:$|[^\p{L}\p{N}_\-/.:]|[.:](?![\p{L}\p{N}]))/u

function fold(text: string): string {
  return text.normalize('NFKC').toLowerCase().replace(/\s+/gu, '')
}

function isOneEditApart(a: string, b: string): boolean {
  const [short, long] = a.length <= b.length ? [a, b] : [b, a]
  if (long.length - short.length > 1 || short === long) return false
  let at = 0
  while (at < short.length && short[at] === long[at]) at += 1
  return short.slice(short.length === long.length ? at + 1 : at) === long.slice(at + 1)
}

function theOnly(matches: readonly (string | undefined)[]): string | undefined {
  const [first, ...others] = new Set(matches)
  return others.length === 0 ? first : undefined
}
