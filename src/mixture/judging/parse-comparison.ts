import { fieldsOf, parseLoosely } from '../../chat/loose-json.ts'

/** The lists of a comparison and their headings, in the order in which they are shown. */
export const comparisonHeadings: Readonly<Record<string, string>> = {
  consensus: 'Consensus',
  contradictions: 'Contradictions',
  gaps: 'Gaps',
  unique_points: 'Unique points',
  blind_spots: 'Blind spots',
}

/**
 * The comparison in a reply that was asked for JSON, as a text with headings. Prose and code fences around it do not
 * matter, nor lists that are left out, a sentence in place of a list, or objects in place of sentences. Null where no
 * list says anything.
 */
export function parseComparison(reply: string): string | null {
  const lists = fieldsOf(parseLoosely(reply.slice(reply.indexOf('{'), reply.lastIndexOf('}') + 1)))
  const sections = Object.entries(comparisonHeadings).flatMap(([field, heading]) => {
    const points = pointsOf(lists[field])
    return points.length === 0 ? [] : [[`${heading}:`, ...points.map((point) => `- ${point}`)].join('\n')]
  })
  return sections.length === 0 ? null : sections.join('\n\n')
}

function pointsOf(written: unknown): readonly string[] {
  const points = Array.isArray(written) ? (written as readonly unknown[]) : [written ?? '']
  return points
    .map((point) => (typeof point === 'string' ? point : JSON.stringify(point)).replaceAll(/\s+/g, ' ').trim())
    .filter((point) => point !== '')
}
