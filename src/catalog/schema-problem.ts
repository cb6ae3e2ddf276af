import { type Schema, type SchemaDraft, Validator } from '@cfworker/json-schema'
import { isObject } from '../chat/loose-json.ts'

/**
 * What of `value` does not fit the JSON Schema of a client; null where it fits, or the schema cannot be read. Patterns
 * are not looked at: a regular expression of a stranger could hold up everybody.
 */
export function schemaProblem(schema: unknown, value: unknown): string | null {
  if (!isObject(schema)) return null
  try {
    const { valid, errors } = new Validator(withoutPatterns(schema) as Schema, draftOf(schema)).validate(value)
    const error = errors.at(-1)
    return valid ? null : `${error?.instanceLocation ?? '#'}: ${error?.error ?? 'does not fit the schema'}`
  } catch {
    return null
  }
}

function draftOf({ $schema }: Readonly<Record<string, unknown>>): SchemaDraft {
  return typeof $schema === 'string' && $schema.includes('draft-07') ? '7' : '2020-12'
}

/** Keywords whose fields are names that the client chose, with a schema each. */
const schemaMaps: ReadonlySet<string> = new Set(['properties', '$defs', 'definitions', 'dependentSchemas'])

function withoutPatterns(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutPatterns)
  if (!isObject(schema)) return schema
  const hasPatternNames = 'patternProperties' in schema
  const kept = Object.entries(schema).filter(
    ([keyword]) =>
      keyword !== 'pattern' &&
      keyword !== 'patternProperties' &&
      // Without the patterns nobody knows which properties are additional.
      !(hasPatternNames && (keyword === 'additionalProperties' || keyword === 'unevaluatedProperties')),
  )
  return Object.fromEntries(kept.map(([keyword, inner]) => [keyword, valueWithoutPatterns(keyword, inner)]))
}

function valueWithoutPatterns(keyword: string, inner: unknown): unknown {
  if (keyword === 'const' || keyword === 'enum' || keyword === 'default') return inner
  if (!schemaMaps.has(keyword) || !isObject(inner)) return withoutPatterns(inner)
  return Object.fromEntries(Object.entries(inner).map(([name, schema]) => [name, withoutPatterns(schema)]))
}
