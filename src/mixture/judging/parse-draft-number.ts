/**
 * The number in a reply that was asked for `{"draft": 2}`, read leniently: JSON anywhere in it, a bare number, "Draft 2",
 * "the best is 2". Null where it names no draft from 1 to `count`, or several with nothing to tell which is meant.
 */
export function parseDraftNumber(reply: string, count: number): number | null {
  const named = /["']?(?:draft|choice|best|number)["']?\s*:\s*["']?(\d+)/gi
  const praised = /\b(?:best|choose|chosen|choice|select|selected|pick|winner|answer)\b[^\d\n]{0,40}(\d+)/gi
  for (const pattern of [named, praised, /(\d+)/g]) {
    const numbers = new Set([...reply.matchAll(pattern)].map((match) => Number(match[1])))
    const valid = [...numbers].filter((number) => number >= 1 && number <= count)
    if (valid.length > 0) return valid.length === 1 ? (valid[0] ?? null) : null
  }
  return null
}
