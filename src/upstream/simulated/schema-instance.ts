/** Made-up JSON that satisfies a JSON Schema: how a simulated model answers where a form is required. */
import { type Fields, fieldsOf } from '../../chat/loose-json.ts'
import { closedResult } from './character.ts'
import { composeText } from './compose-text.ts'
import type { Mind } from './mind.ts'
import { pickOption } from './pick-option.ts'
import { simulatedLabel } from './simulated-label.ts'

/** An instance of `schema`; options are chosen by the words of the prompt, numbers and strings answer it where they can. */
export function schemaInstance(schema: unknown, mind: Mind): unknown {
  return new InstanceMaker(schema, mind).value(schema, 0)
}

type Schema = Fields

/** Below this depth only what is required is written, so that a schema that contains itself comes to an end. */
const deepest = 5

class InstanceMaker {
  readonly #root: unknown
  readonly #mind: Mind

  constructor(root: unknown, mind: Mind) {
    this.#root = root
    this.#mind = mind
  }

  value(written: unknown, depth: number): unknown {
    const schema = resolved(written, this.#root)
    if ('const' in schema) return schema['const']
    if (Array.isArray(schema['enum'])) return pickOption(schema['enum'] as unknown[], this.#mind)
    const alternatives = schema['anyOf'] ?? schema['oneOf'] ?? schema['allOf']
    if (Array.isArray(alternatives)) return this.value(this.#simplest(alternatives, depth), depth)
    switch (typeOf(schema)) {
      case 'object':
        return this.#object(schema, depth)
      case 'array':
        return this.#array(schema, depth)
      case 'integer':
      case 'number':
        return this.#number(schema)
      case 'boolean':
        return this.#mind.random.next() < 0.5
      case 'null':
        return null
      default:
        return this.#string(schema)
    }
  }

  /** Deep down the alternative without further parts, which ends a schema that contains itself. */
  #simplest(alternatives: readonly unknown[], depth: number): unknown {
    const isFlat = (schema: unknown): boolean => !['object', 'array'].includes(typeOf(resolved(schema, this.#root)))
    return (depth > deepest ? alternatives.find(isFlat) : undefined) ?? alternatives[0]
  }

  #object(schema: Schema, depth: number): Record<string, unknown> {
    const properties = Object.entries(fieldsOf(schema['properties']))
    const required = new Set(listOf(schema['required']))
    const written = depth > deepest ? properties.filter(([name]) => required.has(name)) : properties
    return Object.fromEntries(written.map(([name, inner]) => [name, this.value(inner, depth + 1)]))
  }

  #array(schema: Schema, depth: number): unknown[] {
    const least = numberOf(schema['minItems'], 0)
    const most = numberOf(schema['maxItems'], Math.max(least, 1))
    const length = Math.max(least, Math.min(most, depth > deepest ? 0 : 1))
    const prefix = listOf(schema['prefixItems'])
    const items: unknown[] = []
    for (let at = 0; at < length; at += 1) {
      items.push(this.value(prefix[at] ?? this.#withoutTaken(schema, items), depth + 1))
    }
    return items
  }

  /** The schema of an item; where items must differ, without the options that are taken. */
  #withoutTaken(schema: Schema, taken: readonly unknown[]): unknown {
    const item = resolved(schema['items'], this.#root)
    if (schema['uniqueItems'] !== true || !Array.isArray(item['enum'])) return item
    return { ...item, enum: item['enum'].filter((option) => !taken.includes(option)) }
  }

  #number(schema: Schema): number {
    const { prompt, character, random } = this.#mind
    const step = numberOf(schema['multipleOf'], 1)
    const exclusive = typeOf(schema) === 'integer' ? 1 : step / 2
    const low = Math.max(
      numberOf(schema['minimum'], -Infinity),
      numberOf(schema['exclusiveMinimum'], -Infinity) + exclusive,
    )
    const high = Math.min(
      numberOf(schema['maximum'], Infinity),
      numberOf(schema['exclusiveMaximum'], Infinity) - exclusive,
    )
    const result = closedResult(prompt.question, character, random)
    const fits = result !== null && result >= low && result <= high && Number.isInteger(result / step)
    if (fits) return result
    const [first, last] = [
      Math.ceil(startOf(low, high) / step),
      Math.floor(Math.min(high, startOf(low, high) + 4 * step) / step),
    ]
    return last >= first ? random.integer(first, last) * step : low
  }

  #string(schema: Schema): string {
    const format = formats[String(schema['format'])]
    if (format !== undefined) return format
    const text = simulatedLabel + composeText(this.#mind)
    const least = numberOf(schema['minLength'], 0)
    return text.slice(0, numberOf(schema['maxLength'], text.length)).trimEnd().padEnd(least, '.')
  }
}

/** Where a number begins that has no lower end. */
function startOf(low: number, high: number): number {
  if (low !== -Infinity) return low
  return Math.min(1, high)
}

const formats: Readonly<Record<string, string>> = {
  'date-time': '2026-01-01T12:00:00Z',
  date: '2026-01-01',
  time: '12:00:00Z',
  email: 'simulated@example.com',
  uri: 'https://example.com/simulated',
  uuid: '00000000-0000-4000-8000-000000000000',
}

/** A schema behind its `$ref`; what is no schema permits everything. */
function resolved(written: unknown, root: unknown): Schema {
  let schema = fieldsOf(written)
  for (let hops = 0; typeof schema['$ref'] === 'string' && hops < 20; hops += 1) {
    schema = fieldsOf(targetOf(schema['$ref'], root))
  }
  return schema
}

function targetOf(reference: string, root: unknown): unknown {
  const steps = reference
    .replace(/^#\/?/, '')
    .split('/')
    .filter((step) => step !== '')
  return steps.reduce<unknown>((inner, step) => fieldsOf(inner)[step], root)
}

function typeOf({ type, properties, items }: Schema): string {
  const named: unknown = Array.isArray(type) ? type.find((one) => one !== 'null') : type
  if (typeof named === 'string') return named
  if (properties !== undefined) return 'object'
  return items === undefined ? 'string' : 'array'
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function numberOf(value: unknown, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise
}
