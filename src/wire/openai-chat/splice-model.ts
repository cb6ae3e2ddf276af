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

/**
 * The same for the object that is the value of the field `within`: `{"response":{"model":…}}`. A text without such an
 * object stays as it is.
 */
export function spliceModelWithin(json: string, within: string, model: string): string {
  const start = ownValueAt(json, within)
  if (start === null || json.charCodeAt(start) !== openingBrace) return json
  const place = new Place(json, start)
  while (!place.isClosed) place.step()
  return json.slice(0, start) + spliceModel(json.slice(start, place.index), model) + json.slice(place.index)
}

interface Span {
  readonly start: number
  /** Behind the closing quote. */
  readonly end: number
}

const quote = 0x22
const openingBrace = 0x7b

/** Where the value of the object's own `model` stands; null where there is not exactly one such string. */
function findModelValue(json: string): Span | null {
  const start = ownValueAt(json, 'model')
  return start !== null && json.charCodeAt(start) === quote ? { start, end: endOfJsonString(json, start) } : null
}

/** Where the value of the object's own key stands; null where the key does not occur just once. */
function ownValueAt(json: string, name: string): number | null {
  const key = `"${name}"`
  const place = new Place(json)
  let found: number | null = null
  for (let at = json.indexOf(key); at !== -1; at = json.indexOf(key, at + key.length)) {
    const value = valueAfterColon(json, at + key.length)
    if (value === null || !place.isOwnKey(at)) continue
    if (found !== null) return null
    found = value
  }
  return found
}

/** Where the value behind a key begins; null where no colon follows, because then it was no key. */
function valueAfterColon(json: string, from: number): number | null {
  const colon = skipSpace(json, from)
  return json[colon] === ':' ? skipSpace(json, colon + 1) : null
}

/** Walks through a text once, however many places are asked about: a text full of `"model":` must not cost its square. */
class Place {
  readonly #json: string
  #depth = 0
  index: number
  /** True behind the object or list that the walk began with. */
  isClosed = false

  constructor(json: string, from = 0) {
    this.#json = json
    this.index = from
  }

  /** True where the quote at `at` opens a key of the outermost object: outside any string, at depth 1. Asked in order. */
  isOwnKey(at: number): boolean {
    while (this.index < at) this.step()
    return this.index === at && this.#depth === 1
  }

  /** Over one character, or over one whole string. */
  step(): void {
    switch (this.#json.charCodeAt(this.index)) {
      case quote:
        this.index = endOfJsonString(this.#json, this.index)
        return
      case openingBrace:
      case 0x5b: // [
        this.#depth += 1
        break
      case 0x7d: // }
      case 0x5d: // ]
        this.#depth -= 1
        this.isClosed = this.#depth === 0
        break
    }
    this.index += 1
  }
}

function skipSpace(json: string, from: number): number {
  let index = from
  while (json.charCodeAt(index) <= 0x20) index += 1
  return index
}
