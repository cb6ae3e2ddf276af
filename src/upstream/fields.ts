/** An object as it was parsed: what an upstream sends is read leniently. */
export type Fields = Readonly<Record<string, unknown>>

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The fields of an object; none where it is no object. */
export function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : {}
}

/** The text of a field; empty where it is none. */
export function textIn(fields: Fields, name: string): string {
  const value = fields[name]
  return typeof value === 'string' ? value : ''
}

/** The count in a field; null where it is no whole number of at least 0. */
export function countIn(fields: Fields, name: string): number | null {
  const count = fields[name]
  return typeof count === 'number' && Number.isSafeInteger(count) && count >= 0 ? count : null
}
