/**
 * Puts another name into the top-level `model` of a JSON object without reading the rest of it into objects, so that
 * everything else keeps its characters. Text inside a message that looks like `"model":` is not touched.
 */
import { endOfJsonString } from '../json-string.ts'

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
const key = '"model"'

/** Where the value of the object's own `model` stands; null where there is not exactly one such string. */
function findModelValue(json: string): Span | null {
  const place = new Place(json)
  let found: Span | null = null
  for (let at = json.indexOf(key); at !== -1; at = json.indexOf(key, at + key.length)) {
    const value = stringAfterColon(json, at + key.length)
    if (!value || !place.isOwnKey(at)) continue
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
  return json.charCodeAt(start) === quote ? { start, end: endOfJsonString(json, start) } : null
}

/** Walks through a text once, however many places are asked about: a text full of `"model":` must not cost its square. */
class Place {
  readonly #json: string
  #index = 0
  #depth = 0

  constructor(json: string) {
    this.#json = json
  }

  /** True where the quote at `at` opens a key of the outermost object: outside any string, at depth 1. Asked in order. */
  isOwnKey(at: number): boolean {
    while (this.#index < at) this.#step()
    return this.#index === at && this.#depth === 1
  }

  /** Over one character, or over one whole string. */
  #step(): void {
    switch (this.#json.charCodeAt(this.#index)) {
      case quote:
        this.#index = endOfJsonString(this.#json, this.#index)
        return
      case 0x7b: // {
      case 0x5b: // [
        this.#depth += 1
        break
      case 0x7d: // }
      case 0x5d: // ]
        this.#depth -= 1
        break
    }
    this.#index += 1
  }
}

function skipSpace(json: string, from: number): number {
  let index = from
  while (json.charCodeAt(index) <= 0x20) index += 1
  return index
}
