/**
 * The numbers in a reply that was asked for `{"ranking": [2, 1, 3]}`, the best first, each once, read leniently: a list
 * anywhere in it, `2 > 1 > 3`, `1. Draft 2`. Empty where it names no draft from 1 to `count`.
 */
export function parseRanking(reply: string, count: number): readonly number[] {
  const listed = /\[([\d\s,"'DdRrAaFfTt]+)\]/.exec(reply)?.[1]
  const named = [...reply.matchAll(/\bdraft\s*#?(\d+)/gi)].map((match) => match[1])
  const chained = /\d+(?:\s*(?:>|,|→|->)\s*\d+)+/.exec(reply)?.[0]
  const alone = /^\D*(\d+)\D*$/.exec(reply)?.[1]
  const written = listed?.match(/\d+/g) ?? (named.length > 0 ? named : (chained?.match(/\d+/g) ?? [alone]))
  const numbers = written.map(Number).filter((number) => number >= 1 && number <= count)
  return [...new Set(numbers)]
}
