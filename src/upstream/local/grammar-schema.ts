/**
 * A JSON Schema in the words that a grammar can keep: `node-llama-cpp` reads `oneOf` but not `anyOf`, and takes no notice
 * of the bounds of an integer, which become a list of its values.
 */
export function grammarSchemaOf(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(grammarSchemaOf)
  if (typeof schema !== 'object' || schema === null) return schema
  const values = boundedValues(schema)
  if (values) return { enum: values }
  return Object.fromEntries(
    Object.entries(schema).map(([key, inner]) => [key === 'anyOf' ? 'oneOf' : key, grammarSchemaOf(inner)]),
  )
}

interface Bounded {
  readonly type?: unknown
  readonly enum?: unknown
  readonly minimum?: unknown
  readonly maximum?: unknown
}

/** More than these would make a grammar that is slow to follow. */
const mostValues = 256

function boundedValues({ type, enum: listed, minimum, maximum }: Bounded): readonly number[] | undefined {
  if (type !== 'integer' || listed !== undefined) return undefined
  if (typeof minimum !== 'number' || typeof maximum !== 'number') return undefined
  const [first, last] = [Math.ceil(minimum), Math.floor(maximum)]
  if (last < first || last - first >= mostValues) return undefined
  return Array.from({ length: last - first + 1 }, (_, index) => first + index)
}
