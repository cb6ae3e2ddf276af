const emptyWords = new Set(
  'a an and are as at be but by can could did do does for from had has have how i if in into is it its me my of on or our please so tell than that the their them then there these they this to was we were what when where which who why will with would you your'.split(
    ' ',
  ),
)

/** The words that carry meaning, in lower case, in their order, each once. */
export function contentWords(text: string): readonly string[] {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []
  return [...new Set(words)].filter((word) => !emptyWords.has(word))
}

/** How many of `words` occur in `others`; "math" and "maths" are taken for the same word. */
export function wordOverlap(words: readonly string[], others: readonly string[]): number {
  return words.filter((word) => others.some((other) => isSameWord(word, other))).length
}

const minStemLength = 4

function isSameWord(a: string, b: string): boolean {
  if (a === b) return true
  const [short, long] = a.length <= b.length ? [a, b] : [b, a]
  return short.length >= minStemLength && long.length - short.length <= 3 && long.startsWith(short)
}
