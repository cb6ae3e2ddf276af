import { simulatedLabel } from './simulated-label.ts'

const mostSentences = 5

/** One text out of the drafts' own sentences: the first of each in turn, then the second of each, none twice. */
export function mergeDrafts(drafts: readonly string[]): string {
  const split = drafts.map((draft) => sentencesOf(draft.replaceAll(simulatedLabel, '')))
  const longest = Math.max(...split.map((sentences) => sentences.length))
  const inTurn = Array.from({ length: longest }, (_, at) => split.flatMap((sentences) => sentences.slice(at, at + 1)))
  return [...new Set(inTurn.flat())].slice(0, mostSentences).join(' ')
}

function sentencesOf(text: string): readonly string[] {
  return text
    .split(/(?<=[.!?:])\s+/)
    .map((sentence) => sentence.trim())
    .filter((sentence) => sentence !== '')
}
