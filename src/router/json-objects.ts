/** Finds the JSON that models wrap into prose and code fences. */
import { type Fields, isObject, parseLoosely } from '../chat/loose-json.ts'

const maxReplyLength = 8000

/** Every JSON object in a reply, outermost only, in order; what cannot be read is skipped. */
export function jsonObjectsIn(reply: string): Fields[] {
  const text = reply.slice(0, maxReplyLength)
  const objects: Fields[] = []
  let start = text.indexOf('{')
  while (start >= 0) {
    const end = endOfObject(text, start)
    const object = end === undefined ? undefined : parseLoosely(text.slice(start, end))
    if (isObject(object)) objects.push(object)
    start = text.indexOf('{', object && end !== undefined ? end : start + 1)
  }
  return objects
}

/** The place after the brace that closes the one at `start`; undefined where the text ends before. */
function endOfObject(text: string, start: number): number | undefined {
  let depth = 0
  let inString = false
  for (let at = start; at < text.length; at += 1) {
    const character = text[at]
    if (inString) {
      if (character === '\\') at += 1
      else if (character === '"') inString = false
    } else if (character === '"') inString = true
    else if (character === '{') depth += 1
    else if (character === '}') depth -= 1
    if (depth === 0) return at + 1
  }
  return undefined
}
