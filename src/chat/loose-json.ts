/** JSON that others have written: what is missing, or of another kind than it should be, reads as nothing. */

/** A JSON object as it was parsed. */
export type Fields = Readonly<Record<string, unknown>>

/** True for a JSON object; false for a list and for null. */
export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The fields of an object; none where it is no object. */
export function fieldsOf(value: unknown): Fields {
  return isObject(value) ? value : {}
}

/** The text of a field; empty where it is anything else. */
export function textIn(fields: Fields, name: string): string {
  const value = fields[name]
  return typeof value === 'string' ? value : ''
}

/** The count in a field; null where it is no whole number of at least 0. */
export function countIn(fields: Fields, name: string): number | null {
  const count = fields[name]
  return typeof count === 'number' && Number.isSafeInteger(count) && count >= 0 ? count : null
}

/** The value that a text is the JSON of; undefined where it is no JSON. */
export function parseLoosely(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/**
 * What a model calls a tool with. Models now and then write arguments that are no JSON: they are handed on under the
 * name `arguments`, because the program that called the tool can say what is wrong with them.
 */
export function parseArguments(text = ''): unknown {
  if (text.trim() === '') return {}
  return parseLoosely(text) ?? { arguments: text }
}
