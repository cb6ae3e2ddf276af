import type { ResponseFormat } from '../../chat/chat-request.ts'
import { isObject, parseLoosely } from '../../chat/loose-json.ts'

/** What of a value does not fit a JSON Schema, in a few words; null where it fits. */
export type SchemaProblem = (schema: unknown, value: unknown) => string | null

type Format = ResponseFormat | null | undefined

export function wantsForm(format: Format): boolean {
  return format?.type === 'json_object' || format?.type === 'json_schema'
}

/** What keeps a text from having the form that the client asked for; null where nothing does. */
export function formProblem(text: string, format: Format, schemaProblem: SchemaProblem): string | null {
  if (!wantsForm(format)) return null
  const value = parseLoosely(text)
  if (value === undefined) return 'It is not JSON.'
  if (format?.type === 'json_schema') return schemaProblem(format.json_schema?.schema, value)
  return isObject(value) ? null : 'It is not a JSON object.'
}

/** What stands in the one code fence that a text consists of; null where it is none. */
export function outOfFence(text: string): string | null {
  return /^\s*```(?:json)?[ \t]*\n([^]*?)\n[ \t]*```\s*$/i.exec(text)?.[1] ?? null
}

/** Knows the types, fields and choices of a schema; what it does not know of JSON Schema it lets pass. */
export const plainSchemaProblem: SchemaProblem = (schema, value) =>
  fitsSchema(value, schema) ? null : 'It does not fit the JSON Schema that was given.'

function fitsSchema(value: unknown, schema: unknown): boolean {
  if (!isObject(schema)) return true
  const { type, enum: choices, required, properties, items, additionalProperties } = schema
  if (type !== undefined && ![type].flat().some((name) => hasType(value, name))) return false
  if (Array.isArray(choices) && !choices.includes(value)) return false
  if (Array.isArray(value)) return value.every((item) => fitsSchema(item, items))
  if (!isObject(value)) return true
  const known = isObject(properties) ? properties : {}
  if (Array.isArray(required) && !required.every((field) => Object.hasOwn(value, String(field)))) return false
  return Object.entries(value).every(([field, inner]) =>
    Object.hasOwn(known, field) ? fitsSchema(inner, known[field]) : additionalProperties !== false,
  )
}

function hasType(value: unknown, name: unknown): boolean {
  switch (name) {
    case 'object':
      return isObject(value)
    case 'array':
      return Array.isArray(value)
    case 'integer':
      return Number.isInteger(value)
    case 'null':
      return value === null
    case 'string':
    case 'number':
    case 'boolean':
      return typeof value === name
    default:
      return true
  }
}
