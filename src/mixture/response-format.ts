import type { ResponseFormat } from '../chat/chat-request.ts'

/**
 * Whether a text already has the form that the client asked for: JSON for `json_object`, for `json_schema` with the
 * types, fields and choices of its schema. What this does not know of JSON Schema it lets pass.
 */
export function fitsResponseFormat(text: string, format: ResponseFormat | null | undefined): boolean {
  if (format?.type !== 'json_object' && format?.type !== 'json_schema') return true
  const value = parseJson(text)
  if (value === undefined) return false
  return format.type === 'json_object' ? isRecord(value) : fitsSchema(value, format.json_schema?.schema)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function fitsSchema(value: unknown, schema: unknown): boolean {
  if (!isRecord(schema)) return true
  const { type, enum: choices, required, properties, items, additionalProperties } = schema
  if (type !== undefined && ![type].flat().some((name) => hasType(value, name))) return false
  if (Array.isArray(choices) && !choices.includes(value)) return false
  if (Array.isArray(value)) return value.every((item) => fitsSchema(item, items))
  if (!isRecord(value)) return true
  const known = isRecord(properties) ? properties : {}
  if (Array.isArray(required) && !required.every((field) => Object.hasOwn(value, String(field)))) return false
  return Object.entries(value).every(([field, inner]) =>
    Object.hasOwn(known, field) ? fitsSchema(inner, known[field]) : additionalProperties !== false,
  )
}

function hasType(value: unknown, name: unknown): boolean {
  switch (name) {
    case 'object':
      return isRecord(value)
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

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
