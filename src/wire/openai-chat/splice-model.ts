/**
 * Puts another name into the top-level `model` of a JSON object without reading the rest of it into objects, so that
 * everything else keeps its characters. Text inside a message that looks like `"model":` is not touched.
 */

/**
 * The same object with `model` as its model. A text whose model cannot be found by looking alone (its key is written
 * with escapes, occurs twice, is not a string) is parsed and written again.
 *
 * @param json a JSON object that has been parsed before: the scanner relies on it being valid
 */
export function spliceModel(json: string, model: string): string {
  const value = findModelValue(json)
  if (value) return json.slice(0, value.start) + JSON.stringify(model) + json.slice(value.end)
  return JSON.stringify({ ...(JSON.parse(json) as object), model })
}

interface Span {
  readonly start: number
  /** Behind the closing quote. */
  readonly end: number
}

const quote = 0x22
const backslash = 0x5c
const key = '"model"'

/** Where the value of the object's own `model` stands; null where there is not exactly one such string. */
function findModelValue(json: string): Span | null {
  let found: Span | null = null
  for (let at = json.indexOf(key); at !== -1; at = json.indexOf(key, at + key.length)) {
    const value = stringAfterColon(json, at + key.length)
    if (!value || !isOwnKey(json, at)) continue
    if (found) return null
    found = value
  }
  return found
}

/** The string value behind a key; null where no colon follows (then it was no key) or the value is no string. */
function stringAfterColon(json: string, from: number): Span | null {
  const colon = skipSpace(json, from)
  if (json[colon] !== ':') return null
  const start = skipSpace(json, colon + 1)
  return json.charCodeAt(start) === quote ? { start, end: endOfString(json, start) } : null
}

/** True where the quote at `at` opens a key of the outermost object: outside any string, at depth 1. */
function isOwnKey(json: string, at: number): boolean {
  let depth = 0
  for (let index = 0; index < at; index += 1) {
    switch (json.charCodeAt(index)) {
      case quote:
        index = endOfString(json, index) - 1
        if (index >= at) return false
        break
      case 0x7b: // {
      case 0x5b: // [
        depth += 1
        break
      case 0x7d: // }
      case 0x5d: // ]
        depth -= 1
        break
    }
  }
  return depth === 1
}

/** The index behind the string that opens at `from`. */
function endOfString(json: string, from: number): number {
  let end = json.indexOf('"', from + 1)
  while (end !== -1 && isEscaped(json, end)) end = json.indexOf('"', end + 1)
  return end === -1 ? json.length : end + 1
}

function isEscaped(json: string, at: number): boolean {
  let before = at - 1
  while (json.charCodeAt(before) === backslash) before -= 1
  return (at - before) % 2 === 0
}

function skipSpace(json: string, from: number): number {
  let index = from
  while (json.charCodeAt(index) <= 0x20) index += 1
  return index
}
